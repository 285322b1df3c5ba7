"""What validation numbers cast doubt on is said when it begins to apply, and not at every validation."""

import pytest

import heedful
from heedful.task.base import Shown
from tests.task.letters import LettersTask


def test_a_doubt_is_said_once_while_it_lasts_and_again_when_it_comes_back(tmp_path):
    pytest.importorskip("lightning")
    applies = iter([True, True, False, True, True, False])

    class Doubting(LettersTask):
        def doubts(self, numbers):
            assert "loss" in numbers
            return {"loss": "this looks wrong"} if next(applies) else {}

    (tmp_path / "lines.tsv").write_text("".join(f"{'a' * n}b\t{n}\n" for n in range(1, 9)) * 3)
    said: list[str] = []
    settings = {"train": {"steps": 6, "valid_every": 1, "epochs": None}}
    heedful.fit(
        Doubting(), tmp_path / "lines.tsv", settings=settings, out=tmp_path / "run", shown=Shown(say=said.append)
    )
    assert next(applies, None) is None, "there were six validations"
    assert said.count("this looks wrong") == 2
