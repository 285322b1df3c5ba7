"""Training: trees learnt by heart are said again, a run resumes, and what is wrong is told."""

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("lightning")

from heedful.data.tree import ParsedText, Tree, read_trees
from heedful.errors import UserError
from heedful.task.base import Shown
from heedful.task.config import make_settings
from heedful.task.engine import Sets, train
from heedful.task.parse.config import ParseConfig
from heedful.task.parse.task import ParseTask

TRAIN = {"epochs": None, "steps": 250, "valid_every": 125, "tokens": 256, "rate": 1e-2, "warmup": 10, "average": 0}
QUICK = {"train": {**TRAIN, "precision": "float32"}, "data": {"words": {"hide": 0.0}}, "decode": {"beam": 2}}


def test_trees_learnt_by_heart_are_said_again(files: Path, tmp_path: Path) -> None:
    model = {"model": {"name": "guided-lstm", "embed": 16, "hidden": 24, "dropout": 0.0, "smoothing": 0.0}}
    trees = read_trees([files])
    trained = train(
        ParseTask(), make_settings(ParseConfig, QUICK, model), Sets(trees, trees, trees), out=tmp_path / "run"
    )
    assert trained.results["test bracket_f1"] == 100.0
    assert trained.results["test exact"] == 1.0
    assert trained.results["test well_formed"] == 1.0
    assert "bracket_f1" in (tmp_path / "run" / "README.md").read_text()
    (found,) = trained.predictor.predict(["the dog sees a cat."])
    assert str(trained.predictor.symbols.linear.with_symbol_tags(trees[0].tree)) == str(found.tree)


def test_a_run_goes_on(files: Path, tmp_path: Path, tiny: dict[str, Any]) -> None:
    trees = read_trees([files])
    short = {"train": {"steps": 4, "valid_every": 2}, "model": {"name": "guided-lstm", **tiny["guided-lstm"]}}
    config = make_settings(ParseConfig, QUICK, short)
    train(ParseTask(), config, Sets(trees, trees), out=tmp_path / "run")
    with pytest.raises(UserError, match="holds a run already"):
        train(ParseTask(), config, Sets(trees, trees), out=tmp_path / "run")
    longer = make_settings(ParseConfig, QUICK, short, {"train": {"steps": 6}})
    assert train(ParseTask(), longer, Sets(trees, trees), out=tmp_path / "run", resume=True).fit.steps == 6


def test_what_is_left_out_is_told(files: Path, tmp_path: Path, tiny: dict[str, Any]) -> None:
    trees = read_trees([files])
    leaf = Tree("NN", word="dog")
    strange = ParsedText(Tree("ODD", (leaf,)), "here:7")
    lines: list[str] = []
    config = make_settings(
        ParseConfig,
        QUICK,
        {"train": {"steps": 1, "valid_every": 1}, "model": {"name": "guided-lstm", **tiny["guided-lstm"]}},
        {"data": {"max_length": 16}},
    )
    train(ParseTask(), config, Sets(trees, [*trees, strange]), out=tmp_path / "run", shown=Shown(say=lines.append))
    assert "left out of training: 2 of 4 trees, which have more than 16 symbols" in lines[0]
    assert "'ODD' (here:7)" in lines[1]
    shorter = make_settings(ParseConfig, config.model_dump(), {"data": {"max_length": 3}})
    with pytest.raises(UserError, match="none of 4 trees has at most 3 symbols"):
        train(ParseTask(), shorter, Sets(trees, trees), out=tmp_path / "b")
