"""What goes wrong becomes one line and a status; help answers without loading torch."""

import json
import subprocess
import sys

import pytest

from heedful.cli.run import run, share_cores
from heedful.task import all_tasks


def fails(capsys, *words: str, status: int = 1) -> str:
    """The error of a command line that must fail: one line, perhaps a hint, never a traceback."""
    assert run(list(words)) == status
    captured = capsys.readouterr()
    assert captured.out == ""
    lines = captured.err.splitlines()
    assert lines[0].startswith("error: ")
    assert all(line.startswith("hint: ") for line in lines[1:])
    assert len(lines) <= 2
    assert "Traceback" not in captured.err
    return captured.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["modles"], "Did you mean 'models'"),
        (["predict", "run", "--bem", "5"], "--beam"),
        (["predict", "run", "--beam", "five"], "--beam"),
        (["predict", "run", "--beam", "0"], "--beam"),
        (["predict"], "DIR"),
    ],
)
def test_a_wrong_command_line_is_status_2(capsys, words, told):
    assert told in fails(capsys, *words, status=2)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["train", "transalte"], "did you mean 'translate'"),
        (["train", "translate", "--model", "rnsearch"], "did you mean 'rnnsearch'"),
        (["train", "translate", "--set", "model.hiden=3", "--model", "rnnsearch"], "did you mean 'hidden'"),
        (["train", "translate", "--set", "train.precision=bf16"], "'bfloat16'"),
        (["train", "translate"], "--train is missing"),
        (["train", "translate", "--config", "no.yaml"], "no.yaml"),
        (["predict", "run", "--attention", "out.htm"], "did you mean '.html'"),
        (["predict", "run", "--alignment", "farao"], "pharaoh"),
        (["check", "translate", "no.tsv"], "no such file"),
    ],
)
def test_a_wrong_value_is_status_1(capsys, words, told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert told in fails(capsys, *words)


def test_debug_shows_where_an_error_comes_from(capsys):
    from heedful import UserError

    with pytest.raises(UserError):
        run(["check", "translate", "no.tsv", "--debug"])


def test_a_fault_of_ours_is_one_line_too(capsys, monkeypatch):
    monkeypatch.setattr("heedful.task.translate.task.read_pairs", lambda paths, columns: 1 // 0)
    assert "ZeroDivisionError" in fails(capsys, "check", "translate", "a", status=70)


def test_ctrl_c_is_status_130(capsys, monkeypatch):
    def interrupted(paths, columns):
        raise KeyboardInterrupt

    monkeypatch.setattr("heedful.task.translate.task.read_pairs", interrupted)
    assert run(["check", "translate", "a"]) == 130
    assert "Traceback" not in capsys.readouterr().err


def test_help_and_version_load_no_torch():
    code = (
        "import sys\nfrom heedful.cli.run import run\n"
        "status = [run(['--help']), run(['train', '--help']), run(['bench', '--help']), run([]), run(['--version'])]\n"
        "heavy = sorted({'torch', 'numpy', 'lightning', 'sacrebleu', 'matplotlib'} & set(sys.modules))\n"
        "assert status == [0, 0, 0, 0, 0] and not heavy, (status, heavy)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for command in ("demo", "check", "train", "predict", "eval", "show", "bench", "models", "cite"):
        assert command in done.stdout


def test_models_are_listed_with_their_papers(capsys):
    assert run(["models"]) == 0
    shown = capsys.readouterr().out
    assert "rnnsearch" in shown
    assert "1409.0473" in shown
    assert "classify: trains a classifier on labelled texts" in shown
    assert "doi:10.18653/v1/P16-2034" in shown, "whole, to be copied"
    assert max(map(len, shown.splitlines())) <= 120
    assert run(["models", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found) == {task.name for task in all_tasks()}
    assert all({"summary", "paper"} == set(model) for models in found.values() for model in models.values())


def test_a_model_is_cited_by_its_paper(capsys):
    assert run(["cite", "bahdanau"]) == 0
    entry = capsys.readouterr().out
    assert entry.startswith("@inproceedings{bahdanau2015,\n")
    assert "author = {Dzmitry Bahdanau and Kyunghyun Cho and Yoshua Bengio}" in entry
    assert "eprint = {1409.0473}" in entry
    assert entry.count("{") == entry.count("}")
    assert run(["cite", "rnnserch"]) == 1
    assert "rnnsearch" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "after"),
    [
        ({}, {"GOMP_SPINCOUNT": "3000"}),
        ({"OMP_WAIT_POLICY": "ACTIVE"}, {"OMP_WAIT_POLICY": "ACTIVE"}),
        ({"GOMP_SPINCOUNT": "9"}, {"GOMP_SPINCOUNT": "9"}),
    ],
)
def test_waiting_threads_sleep_soon_unless_the_environment_says_otherwise(monkeypatch, given, after):
    environment = dict(given)
    monkeypatch.setattr("heedful.cli.run.os.environ", environment)
    share_cores()
    assert environment == after
