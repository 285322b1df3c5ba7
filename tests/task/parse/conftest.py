"""A few trees by a small grammar, and parsers of them that have learnt nothing."""

from pathlib import Path
from typing import Any

import pytest

TREES = """
( (S (NP-SBJ (DT the) (NN dog)) (VP (VBZ sees) (NP (DT a) (NN cat))) (. .)) )
( (S (NP-SBJ (NNP John)) (VP (VBZ runs)) (. .)) )
(S (NP (DT a) (NN cat))
   (VP (VBZ sees) (NP (NP (DT the) (NN dog)) (PP (IN of) (NP (NNP John))))) (. .))
(S (NP (NP (DT the) (NN cat)) (, ,) (NP (NNP John)) (, ,)) (VP (VBZ runs)) (. .))
"""

TINY: dict[str, dict[str, Any]] = {
    "transformer": {"width": 8, "heads": 2, "feedforward": 8, "encoder_layers": 1, "decoder_layers": 1},
    "guided-lstm": {"embed": 8, "hidden": 8},
    "grammar-lstm": {"embed": 8, "hidden": 8, "layers": 2},
    "sutskever": {"embed": 8, "hidden": 8},
}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with one bracket file."""
    (tmp_path / "trees").mkdir()
    (tmp_path / "trees" / "one.mrg").write_text(TREES)
    return tmp_path / "trees"


@pytest.fixture
def tiny() -> dict[str, dict[str, Any]]:
    """Settings that make each model small."""
    return TINY


@pytest.fixture
def make_parser(files: Path) -> Any:
    """A function from a model's name to an untrained parser of the trees."""
    import torch

    from heedful.data.tree import read_trees
    from heedful.task.config import make_settings
    from heedful.task.custom import build_model
    from heedful.task.parse.config import ParseConfig
    from heedful.task.parse.parser import Parser
    from heedful.task.parse.task import ParseTask

    def make(name: str = "guided-lstm", **sections: Any) -> Parser:
        given = {"model": {"name": name, **TINY[name]}, "decode": {"beam": 2, "precision": "float32"}}
        config = make_settings(ParseConfig, given, sections)
        parts = ParseTask().learn(config, read_trees([files], functions=config.data.functions))
        torch.manual_seed(3)
        return Parser(config, build_model(config, ParseTask().sizes(config, parts), {}).eval(), parts)

    return make
