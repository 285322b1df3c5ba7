"""Progress where there is no terminal: one changing line in a notebook, and lines elsewhere."""

import sys
from types import SimpleNamespace

import pytest

from heedful.train.progress import ProgressBar, in_notebook
from heedful.train.settings import TrainSettings
from heedful.train.state import RunState


class ZMQInteractiveShell:
    """Named as the shell of a notebook's kernel is."""


class TerminalInteractiveShell:
    """Named as the shell of `ipython` is."""


def shell(kind):
    return SimpleNamespace(get_ipython=lambda: kind() if kind else None)


def shown(capsys) -> str:
    with ProgressBar(TrainSettings(steps=9), shown=True, counted="tokens") as bar:
        for step in (1, 2):
            state = RunState(step=step, epoch=1, seconds=1.0, training_seconds=1.0, tokens=50)
            bar.show(state, nll=2.0, tokens=2)
        bar.print("step 2: valid_bleu 3")
    return capsys.readouterr().err.removesuffix("\n")  # rich ends its progress with a line


def test_a_notebook_has_one_line_that_changes(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "IPython", shell(ZMQInteractiveShell))
    assert in_notebook()
    told = shown(capsys)
    before, last = told.split("step 2: valid_bleu 3")
    assert before.count("\r") == 4, "two versions, and a blank line before what is printed"
    assert before.rpartition("\r")[2] == ""
    assert before.count("\n") == 0
    assert last.strip() == ""


@pytest.mark.parametrize("kind", [TerminalInteractiveShell, None])
def test_elsewhere_lines_are_printed(kind, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "IPython", shell(kind))
    assert not in_notebook()
    told = shown(capsys)
    assert "\r" not in told
    assert len(told.splitlines()) == 3


def test_without_ipython_there_is_no_notebook(monkeypatch):
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    assert not in_notebook()
