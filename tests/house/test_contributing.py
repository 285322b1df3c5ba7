"""The score that CONTRIBUTING.md shows works as it stands."""

import textwrap
from pathlib import Path

import pytest
from torch import Tensor

import heedful
from heedful.testing.laws import LawBroken, check_score

GUIDE = Path(heedful.__file__).parents[1] / "CONTRIBUTING.md"


def test_the_score_in_the_guide_keeps_every_law():
    if not GUIDE.is_file():
        pytest.skip("not run from a source tree")
    block = GUIDE.read_text(encoding="utf-8").split("one final class:\n")[1].split("\n`heedful/score")[0]
    names: dict[str, object] = {"__name__": "guide"}
    exec(compile(textwrap.dedent(block), GUIDE, "exec"), names)
    make = names["Weighted"]
    assert callable(make)
    check_score(make(5).double(), 5, 5)


def test_a_score_that_breaks_a_law_would_be_seen():
    def sees_its_neighbours(query: Tensor, key: Tensor) -> Tensor:
        return (query - query.mean(-2, keepdim=True)) @ key.transpose(-1, -2)

    with pytest.raises(LawBroken):
        check_score(sees_its_neighbours, 5, 5)
