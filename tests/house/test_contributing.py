"""The score that CONTRIBUTING.md shows works as printed."""

import re
from pathlib import Path

import pytest
from torch import Tensor

import heedful
from heedful.testing.laws import LawBroken, check_score

GUIDE = Path(heedful.__file__).parents[1] / "CONTRIBUTING.md"


def test_the_score_in_the_guide_keeps_every_law():
    if not GUIDE.is_file():
        pytest.skip("not run from a source tree")
    (block,) = re.findall(r"^```python\n(.*?)^```", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    names: dict[str, object] = {"__name__": "guide"}
    exec(compile(block, GUIDE, "exec"), names)
    make = names["Diagonal"]
    assert callable(make)
    check_score(make(5).double(), 5, 5)


def test_a_score_that_breaks_a_law_would_be_seen():
    def sees_its_neighbours(query: Tensor, key: Tensor) -> Tensor:
        return (query - query.mean(-2, keepdim=True)) @ key.transpose(-1, -2)

    with pytest.raises(LawBroken):
        check_score(sees_its_neighbours, 5, 5)
