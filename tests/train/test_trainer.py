"""The rank of this process, under its name and its former one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("lightning")

import heedful.train
from heedful import UserError
from heedful.train import init_ranks


def test_one_process_is_rank_zero_of_one():
    ranks = init_ranks()
    assert (ranks.rank, ranks.world) == (0, 1)


def test_the_former_name_still_works_and_names_the_new_one():
    with pytest.warns(DeprecationWarning, match="init_ranks"):
        assert heedful.train.place is init_ranks


def test_other_names_are_missing():
    with pytest.raises(AttributeError, match="'teach'"):
        _ = heedful.train.teach


def test_a_program_without_a_file_cannot_train_on_several_devices(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["-c"])
    monkeypatch.setattr(sys.modules["__main__"], "__spec__", None)
    with pytest.raises(UserError, match=r"with 2 devices .* it has no file.*save the program as a \.py file"):
        init_ranks(2)
    assert init_ranks(1).world == 1


def test_neither_can_one_that_is_read_from_standard_input():
    code = "from heedful.train import init_ranks\ntry:\n    init_ranks(2)\nexcept Exception as error:\n    print(error)"
    root = str(Path(heedful.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-"], input=code, env={**os.environ, "PYTHONPATH": root}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert "it has no file" in done.stdout, done.stderr
