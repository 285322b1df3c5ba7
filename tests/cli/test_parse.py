"""Parsing from end to end through the command line: train on brackets, predict, score, look, check, break."""

import json
from pathlib import Path

import pytest

from heedful.cli.run import run

GRAMMAR = {"the dog": "(NP (DT the) (NN dog))", "a cat": "(NP (DT a) (NN cat))", "John": "(NP-SBJ (NNP John))"}
SETTINGS = {
    "model.embed": 16,
    "model.hidden": 24,
    "model.dropout": 0,
    "model.smoothing": 0,
    "data.words.hide": 0,
    "train.steps": 150,
    "train.valid_every": 75,
    "train.epochs": "null",
    "train.tokens": 300,
    "train.rate": 1e-2,
    "train.warmup": 10,
    "train.average": 0,
    "train.precision": "float32",
}


def trees() -> str:
    """Who sees whom, all nine of them, as the Penn Treebank would write it."""
    lines = [
        f"( (S {who}\n    (VP (VBZ sees) {whom}) (. .)) )"
        for who in GRAMMAR.values()
        for whom in GRAMMAR.values()
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def parser(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder, beside the folder of trees that it learnt."""
    pytest.importorskip("lightning")
    folder = tmp_path_factory.mktemp("parse")
    (folder / "trees").mkdir()
    (folder / "trees" / "all.mrg").write_text(trees())
    files = [word for name in ("train", "valid", "test") for word in (f"--{name}", str(folder / "trees"))]
    settings = [word for name, value in SETTINGS.items() for word in ("--set", f"{name}={value}")]
    assert run(["train", "parse", *files, "--out", str(folder / "run"), *settings]) == 0
    return folder / "run"


def out_of(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[str, str]:
    capsys.readouterr()
    assert run([str(word) for word in words]) == 0
    captured = capsys.readouterr()
    return captured.out, captured.err


def test_it_has_learnt_and_says_so(parser: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = out_of(capsys, "eval", parser, parser.parent / "trees", "--json")
    found = json.loads(out)
    assert found["bracket_f1"] == found["bracket_precision"] == found["bracket_recall"] == 100.0, "in percent, as evalb"
    assert found["exact"] == found["well_formed"] == 1.0, "as the exact replies of chat"
    assert {"loss", "sentences"} <= set(found)
    assert "bracket_f1" in (parser / "README.md").read_text()


def test_predict_gives_brackets_that_eval_reads(
    parser: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "sentences.txt").write_text("the dog sees John.\n\na cat sees the dog .\n")
    out, told = out_of(capsys, "predict", parser, tmp_path / "sentences.txt", "--attention", tmp_path / "maps.jsonl")
    assert told == f"2 maps are written to {tmp_path / 'maps.jsonl'}\n"
    first, second, third = out.splitlines()
    assert first == "(S (NP (XX the) (XX dog)) (VP (XX sees) (NP (XX John))) (. .))"
    assert second == ""
    (tmp_path / "again.mrg").write_text(f"{first}\n{third}\n")
    found, _ = out_of(capsys, "eval", parser, tmp_path / "again.mrg", "--json", "--beam", 1)
    assert json.loads(found)["bracket_f1"] == 100.0
    maps = [json.loads(line) for line in (tmp_path / "maps.jsonl").read_text().splitlines()]
    assert len(maps) == 2
    lines, _ = out_of(capsys, "predict", parser, tmp_path / "sentences.txt", "--json")
    assert json.loads(lines.splitlines()[0])["tree"] == first


def test_show_draws(parser: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    out, _ = out_of(capsys, "show", parser, "the dog sees a cat .", "--tree", tmp_path / "tree.svg")
    assert "(NP" in out
    assert "Guided LSTM: source attention" in out
    assert (tmp_path / "tree.svg").read_text(encoding="utf-8").startswith("<svg")


def test_check_and_models(parser: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = out_of(capsys, "check", "parse", parser.parent / "trees", "--run", parser)
    assert "labels" in out
    assert "NP 18, S 9, VP 9" in out
    out, _ = out_of(capsys, "models", "--json")
    assert "1412.7449" in json.loads(out)["parse"]["grammar-lstm"]["paper"]
    out, _ = out_of(capsys, "cite", "grammar-lstm")
    assert "1412.7449" in out


def test_a_broken_file_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "bad.mrg").write_text("(S (NN a))\n(S\n (NP (NN b)\n")
    assert run(["check", "parse", str(tmp_path / "bad.mrg")]) != 0
    told = capsys.readouterr().err
    assert f"{tmp_path / 'bad.mrg'}:2" in told
    assert "line 3: the file ends, with open brackets: 2" in told
    assert run(["train", "parse", "--valid", str(tmp_path / "bad.mrg")]) != 0
    assert "--train is missing" in capsys.readouterr().err
