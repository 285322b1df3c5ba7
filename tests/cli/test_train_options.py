"""Options of training: a run is replaced, planned and logged; the shell completes names; commands run as printed."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import heedful
from heedful.cli import program as program_module
from heedful.cli.program import as_typed, program
from heedful.cli.run import run
from heedful.errors import UserError
from heedful.task.base import Shown
from heedful.task.folder import wait_for_deletion
from heedful.train.curve import curve_svg, ticks

pytest.importorskip("lightning")
pytest.importorskip("torchmetrics")

QUICK = ["train.steps=4", "train.valid_every=2", "train.tokens=60", "train.warmup=1", "train.log_every=2"]
QUICK += ["model.embed=8", "model.hidden=8", "train.precision=float32"]
SETS = [word for setting in QUICK for word in ("--set", setting)]


@pytest.fixture
def texts(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    rows = [f"{'good' if number % 3 else 'bad'} thing {number}\t{'xy'[number % 3 == 0]}\n" for number in range(30)]
    (tmp_path / "texts.tsv").write_text("text\tlabel\n" + "".join(rows))
    return tmp_path / "texts.tsv"


def train(*more: str) -> int:
    return run(["train", "classify", "--train", "texts.tsv", "--out", "run", *SETS, *more])


def test_a_run_is_replaced_only_if_asked(texts, capsys):
    assert train() == 0
    assert (texts.parent / "run" / "curve.svg").read_text().startswith("<svg")
    (texts.parent / "run" / "notes.txt").write_text("mine")
    before = (texts.parent / "run" / "config.yaml").read_text()
    capsys.readouterr()
    assert train() == 1
    told = capsys.readouterr().err
    assert "this folder holds a run already" in told
    assert all(flag in told for flag in ("--resume", "--overwrite", "--out"))
    # A mistake in the data must not cost the old run.
    assert train("--overwrite", "--set", "data.text_column=gone") == 1
    assert (texts.parent / "run" / "config.yaml").read_text() == before
    assert train("--overwrite", "--set", "data.text.tokeniser=character") == 0
    assert (texts.parent / "run" / "notes.txt").read_text() == "mine"
    assert "character" in (texts.parent / "run" / "config.yaml").read_text()
    capsys.readouterr()
    assert train("--overwrite", "--resume") == 1
    assert "--resume continues a run, and --overwrite deletes it" in capsys.readouterr().err


def test_other_processes_wait_until_the_first_has_deleted_a_run(tmp_path):
    (tmp_path / "fold-2").mkdir()
    for state in (tmp_path / "training.safetensors", tmp_path / "fold-2" / "training.safetensors"):
        state.write_bytes(b"")
        with pytest.raises(UserError, match="has not deleted the run"):
            wait_for_deletion(tmp_path, seconds=0.01)
        threading.Timer(0.1, state.unlink).start()
        wait_for_deletion(tmp_path)


def test_python_is_told_in_its_own_words(texts):
    settings = {"train": {"steps": 2, "tokens": 60, "warmup": 1}, "model": {"embed": 8, "hidden": 8}}
    first = heedful.fit("classify", texts, settings=settings, out="run", shown=Shown())
    with pytest.raises(UserError, match=r"resume=True, replace it with overwrite=True, or choose .* out=") as error:
        heedful.fit("classify", texts, settings=settings, out="run")
    assert "--" not in str(error.value)
    again = heedful.fit("classify", texts, settings=settings, out="run", overwrite=True, shown=Shown())
    assert again.fit.steps == first.fit.steps == 2


def test_a_dry_run_says_what_would_happen_and_writes_nothing(texts, capsys):
    assert train("--dry-run") == 0
    told = capsys.readouterr()
    numbers = dict(line.rsplit("  ", 1) for line in told.out.splitlines())
    numbers = {name.strip(): value for name, value in numbers.items()}
    assert numbers["model"] == "birnn"
    assert numbers["classes"] == "2"
    assert numbers["steps"] == "4"
    assert int(numbers["parameters"]) > 1000
    assert numbers["memory of a large batch"].startswith("about ")
    assert "3 of 30 training texts, held out" in told.err
    assert sorted(path.name for path in texts.parent.iterdir()) == ["texts.tsv"]
    assert train("--dry-run", "--set", "data.text_column=gone") == 1


def test_the_planned_parameters_are_those_of_the_run(texts):
    from heedful.task.commands import plan

    settings = {"train": {"steps": 2, "tokens": 60, "warmup": 1}, "model": {"embed": 8, "hidden": 8}}
    planned = plan("classify", texts, settings=settings)
    trained = heedful.fit("classify", texts, settings=settings, out="run", shown=Shown())
    assert planned["parameters"] == sum(p.numel() for p in trained.predictor.model.parameters())
    assert planned["steps"] == trained.fit.steps


def test_numbers_go_to_a_logger_too_also_after_an_interruption(texts):
    assert train("--log", "csv", "--set", "train.save_every=1") == 0
    path = texts.parent / "run" / "log" / "csv" / "metrics.csv"
    assert train("--resume", "--set", "train.steps=8") == 0
    rows = path.read_text().splitlines()
    lines = [json.loads(line) for line in (texts.parent / "run" / "metrics.jsonl").read_text().splitlines()]
    steps = [int(float(row.split(",")[rows[0].split(",").index("step")])) for row in rows[1:]]
    assert steps == [line["step"] for line in lines] == [2, 4, 6, 8]
    assert "valid_accuracy" in rows[0]


@pytest.mark.parametrize("name", ["tensorboard", "wandb"])
def test_a_logger_that_is_not_installed_is_named_before_anything_is_written(texts, name, capsys, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda package: None)
    assert train("--log", name) == 1
    told = capsys.readouterr().err
    assert f"the logger '{name}' needs the package '{name}', which is not installed" in told
    assert f"pip install {name}" in told
    assert not (texts.parent / "run").exists()


def test_an_unknown_logger_is_answered_with_the_likeliest(texts, capsys):
    assert train("--log", "tensorbord") == 1
    assert "did you mean 'tensorboard'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("heedful train cla", {"classify"}),
        ("heedful train classify --model text", {"textcnn", "textrnn"}),
        ("heedful pretrain --model next", {"next-word"}),
        ("heedful train classify --log c", {"csv"}),
        ("heedful tr", {"train"}),
    ],
)
def test_the_shell_completes_names(line, expected):
    words = {"COMP_WORDS": line, "COMP_CWORD": str(len(line.split()) - 1), "_HEEDFUL_COMPLETE": "complete_bash"}
    root = str(Path(heedful.__file__).parents[1])
    environment = {**os.environ, **words, "PYTHONPATH": root}
    done = subprocess.run(
        [sys.executable, "-m", "heedful"], env=environment, capture_output=True, text=True, check=False
    )
    assert set(done.stdout.split()) == expected, done.stderr


@pytest.fixture
def called_as(monkeypatch):
    def call(*words: str) -> None:
        monkeypatch.setattr(sys, "argv", [words[-1]])
        monkeypatch.setattr(sys, "orig_argv", list(words))

    return call


def test_commands_are_printed_as_the_program_was_called(called_as, tmp_path, monkeypatch):
    script = tmp_path / ".venv" / "bin" / "heedful"
    script.parent.mkdir(parents=True)
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "/nowhere")
    called_as("python", ".venv/bin/heedful")
    assert program() == ".venv/bin/heedful"
    monkeypatch.setenv("PATH", str(script.parent))
    called_as("python", str(script))
    assert program() == "heedful"
    assert as_typed('heedful show runs/heedful "a"') == 'heedful show runs/heedful "a"'
    called_as(".venv/bin/python", str(Path(program_module.__file__).parents[1] / "__main__.py"))
    assert as_typed("heedful show run") == ".venv/bin/python -m heedful show run"
    called_as("pytest")
    assert program() == "heedful"


def test_next_commands_are_those_that_run(texts, capsys, monkeypatch):
    monkeypatch.setattr("heedful.cli.program.program", lambda: ".venv/bin/heedful")
    monkeypatch.setattr("heedful.cli.train.program", lambda: ".venv/bin/heedful")
    assert train() == 0
    commands = capsys.readouterr().err.partition("next:")[2].splitlines()
    assert [line for line in commands if line.strip() and not line.startswith("  .venv/bin/heedful ")] == []


@pytest.mark.parametrize("high", [1e-9, 0.3, 1.0, 3.999, 4.5, 9.999, 10.0, 12345.678, -1.0, -7.3])
def test_ticks_are_few_and_round_and_around_the_values(high):
    low = min(0.0, high)
    found = ticks(low, max(0.0, high))
    assert 2 <= len(found) <= 7
    assert found[0] <= low
    assert found[-1] >= max(0.0, high)
    assert ticks(2.0, 2.0 + 1e-15)[0] <= 2.0 < ticks(2.0, 2.0 + 1e-15)[-1]


def test_a_curve_has_a_panel_for_each_number():
    drawn = curve_svg(
        {"train_loss": [(50.0, 2.0), (99.0, 1.5), (150.0, 1.0)], "valid_<bleu>": [(99.0, 3.0), (150.0, 3.0)]}
    )
    assert drawn.count("<polyline") == 2
    assert "valid_&lt;bleu&gt;" in drawn
