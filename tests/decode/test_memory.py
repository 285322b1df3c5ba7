"""Search sees a memory and limits row by row: each row's output is the one it would have alone with its own limit."""

from typing import Any

import pytest
import torch

from heedful.decode import Hypothesis, beam, greedy, likelihood, sample
from heedful.decode.stepwise import first_tensor, output_limits
from heedful.layer.step import Step
from heedful.shapes import EOS, take_rows

# Half of the time; the tests of tasks run the same functions with their shapes checked.
pytestmark = pytest.mark.usefixtures("unchecked_shapes")

LIMITS = torch.tensor([3, 11, 1, 4, 4, 9, 2])

SEARCHES: dict[str, Any] = {
    "greedy": lambda *given, **named: [[one] for one in greedy(*given, **named)],
    "beam": lambda *given, **named: beam(*given, size=3, nbest=3, length_penalty=0.6, **named),
    "one": lambda *given, **named: beam(*given, size=1, **named),
    "sample": lambda *given, **named: [[one] for one in sample(*given, top_k=1, **named)],
}


def same(found: list[Hypothesis], expected: list[Hypothesis]) -> None:
    assert [one.tokens for one in found] == [one.tokens for one in expected]
    for one, other in zip(found, expected, strict=True):
        assert one.score == pytest.approx(other.score, abs=1e-5)
        assert (one.attention is None) == (other.attention is None)
        if one.attention is not None:
            torch.testing.assert_close(one.attention, other.attention, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("search", SEARCHES)
def test_every_row_has_its_own_greatest_length(kit: Any, model: Any, search: str) -> None:
    memory = model.encode(*kit.sentences(6, rows=7))
    together = SEARCHES[search](model, memory, attention=True, max_length=LIMITS)
    cut = 0
    for row, limit in enumerate(LIMITS.tolist()):
        (alone,) = SEARCHES[search](model, take_rows(memory, torch.tensor([row])), attention=True, max_length=limit)
        same(together[row], alone)
        cut += sum(len(one.tokens) == limit for one in alone)
    assert cut, "some are cut, or nothing was tested"


@pytest.mark.parametrize("search", SEARCHES)
def test_one_limit_for_all_is_the_same_limit_for_each(kit: Any, model: Any, search: str) -> None:
    memory = model.encode(*kit.sentences(6, rows=7))
    for found, expected in zip(
        SEARCHES[search](model, memory, max_length=torch.full((7,), 5)),
        SEARCHES[search](model, memory, max_length=5),
        strict=True,
    ):
        same(found, expected)


class Counting:
    """Counts up to a number that its memory holds, and then ends; counts, too, how often it is asked where it looks."""

    def __init__(self) -> None:
        self.asked = 0

    def start(self, memory: dict[str, Any]) -> torch.Tensor:
        return torch.zeros_like(memory["goal"])

    def step(self, token: torch.Tensor, state: torch.Tensor, memory: dict[str, Any]) -> Step:
        said = torch.where(state < memory["goal"], 3 + state, EOS)

        def attention() -> torch.Tensor:
            self.asked += 1
            return torch.ones(len(token), 2) / 2

        return Step(5.0 * torch.nn.functional.one_hot(said, 12).float(), state + 1, attention)


def test_any_nest_of_tensors_is_a_memory() -> None:
    memory = {"name": "no words at all", "goal": torch.tensor([2, 0, 5])}
    assert [one.tokens for one in greedy(Counting(), memory, max_length=9)] == [[3, 4], [], [3, 4, 5, 6, 7]]
    assert [options[0].tokens for options in beam(Counting(), memory, max_length=9)] == [[3, 4], [], [3, 4, 5, 6, 7]]
    scores = likelihood(Counting(), memory, candidates=[[[3, 4], []]] * 3)
    assert (scores[:2, 0] > scores[:2, 1]).tolist() == [True, False]


def test_nobody_is_asked_where_it_looks_unless_someone_wants_to_know() -> None:
    memory = {"goal": torch.tensor([2, 0, 5])}
    quiet: Any = Counting()
    for search in SEARCHES.values():
        search(quiet, memory, max_length=9)
    likelihood(quiet, memory, candidates=[[[3]]] * 3)
    assert quiet.asked == 0
    for named in ({"attention": True}, {"coverage_penalty": 0.1}):
        curious: Any = Counting()
        beam(curious, memory, size=2, max_length=3, **named)
        assert curious.asked == 3


def test_limits_that_cannot_be_are_refused() -> None:
    memory = torch.zeros(3, 2)
    for wrong in (0, torch.tensor([1, 0, 2])):
        with pytest.raises(ValueError, match="expected at least 1"):
            output_limits(memory, wrong)
    with pytest.raises(ValueError, match="3 rows of memory but 2 limits"):
        output_limits(memory, torch.tensor([1, 2]))
    with pytest.raises(ValueError, match="type tuple has no tensor"):
        first_tensor(())
