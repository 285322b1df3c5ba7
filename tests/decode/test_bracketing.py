"""Whatever the model's weights, what comes out under the constraint is a tree over the words."""

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from heedful.decode import Bracketing, Brackets, Constraint, Hypothesis, beam, greedy, sample
from heedful.layer.step import Step
from heedful.shapes import EOS

# Half of the time; the tests of tasks run the same functions with their shapes checked.
pytestmark = pytest.mark.usefixtures("unchecked_shapes")

SYMBOLS = ["<pad>", "<s>", "</s>", "<unk>", "(A", ")A", "(B", ")B", "(C", ")C", "XX", ",", "stray"]
OPENING, CLOSING, TERMINALS = [4, 6, 8], [5, 7, 9], [10, 11]


class Noise:
    """A model of random logits, drawn anew at every step."""

    def __init__(self, scale: float, seed: int) -> None:
        self.scale, self.generator = scale, torch.Generator().manual_seed(seed)

    def start(self, memory: Tensor) -> Tensor:
        return memory[:, 0]

    def step(self, token: Tensor, state: Tensor, memory: Tensor) -> Step:
        return Step(self.scale * torch.randn(len(token), len(SYMBOLS), generator=self.generator), state)


def constraint(words: Tensor, **changes: Any) -> Bracketing:
    return Bracketing(Brackets(len(SYMBOLS), OPENING, CLOSING, TERMINALS), words, **changes)


def all_of(found: list[Any]) -> list[list[Hypothesis]]:
    return [one if isinstance(one, list) else [one] for one in found]


SEARCHES = {
    "greedy": greedy,
    "beam": lambda *given, **named: beam(*given, size=4, nbest=3, **named),
    "sample": sample,
    "nucleus": lambda *given, **named: sample(*given, top_k=3, top_p=0.7, temperature=2.0, **named),
}


def check_tree(tokens: list[int], words: int, *, deepest: int, run: int) -> None:
    """The law in a plain loop."""
    said, open_, opened = [], [], 0
    for place, token in enumerate(tokens):
        assert open_ or place == 0, "one tree"
        if token in OPENING:
            open_.append(OPENING.index(token))
            opened += 1
            assert len(open_) <= deepest
            assert opened <= run
            continue
        if token in CLOSING:
            assert not opened, "nothing is empty"
            assert open_.pop() == CLOSING.index(token)
        else:
            assert token in TERMINALS
            assert open_
            said.append(token)
        opened = 0
    assert not open_
    assert len(said) == words


@pytest.mark.parametrize("search", SEARCHES)
@given(
    seed=st.integers(0, 10**6),
    scale=st.sampled_from([0.0, 1.0, 50.0, 1e4]),
    lengths=st.lists(st.integers(1, 9), min_size=1, max_size=4),
    spare=st.integers(0, 12),
    bounds=st.tuples(st.integers(1, 5), st.integers(1, 4)),
)
def test_every_output_is_a_tree(
    search: str, seed: int, scale: float, lengths: list[int], spare: int, bounds: tuple[int, int]
) -> None:
    draw = torch.Generator().manual_seed(seed)
    source = torch.randint(3, 20, (len(lengths), max(lengths)), generator=draw)
    rule = constraint(torch.tensor(lengths) - 1, deepest=bounds[0], run=bounds[1])
    longest = max(lengths) - 1 + 3 + spare
    found = SEARCHES[search](Noise(scale, seed), source, constraint=rule, max_length=longest)
    for row, options in enumerate(all_of(found)):
        words = lengths[row] - 1
        for one in options:
            assert one.log_probability > -torch.inf
            assert len(one.tokens) < longest
            if words == 0:
                assert one.tokens == []
                continue
            check_tree(one.tokens, words, deepest=bounds[0], run=bounds[1])


def test_bracketing_is_a_constraint() -> None:
    assert isinstance(constraint(torch.tensor([1])), Constraint)


def test_probabilities_stay_the_model_s(kit: Any) -> None:
    """What is forbidden is not said, and what is said has the probability that it has without the constraint."""
    model = kit.translator(1, words=len(SYMBOLS))
    source, lengths = kit.sentences(1)
    for row, one in enumerate(
        greedy(model, model.encode(source, lengths), constraint=constraint(lengths - 1), max_length=40)
    ):
        (again,) = kit.replay(model, source[row], int(lengths[row]), [[*one.tokens, EOS]])
        assert one.log_probability == pytest.approx(again.log_probability, abs=1e-3)


class Anything:
    """A constraint that forbids nothing, and counts its steps."""

    def start(self, limits: Tensor) -> Tensor:
        return torch.zeros_like(limits)

    def allowed(self, state: Tensor) -> Tensor:
        return torch.ones(len(state), 7, dtype=torch.bool)

    def advance(self, state: Tensor, token: Tensor) -> Tensor:
        return state + 1


@pytest.mark.parametrize("search", SEARCHES)
def test_a_constraint_that_allows_everything_changes_no_bit(kit: Any, model: Any, search: str) -> None:
    source, lengths = kit.sentences(4, rows=7)
    results = []
    for rule in (None, Anything()):
        torch.manual_seed(3)
        results.append(all_of(SEARCHES[search](model, model.encode(source, lengths), constraint=rule, max_length=11)))
    for free, ruled in zip(*results, strict=True):
        assert [(one.tokens, one.score, one.log_probability) for one in free] == [
            (one.tokens, one.score, one.log_probability) for one in ruled
        ]


def test_a_row_does_not_depend_on_the_batch(kit: Any) -> None:
    model = kit.translator(2, words=len(SYMBOLS))
    source, lengths = kit.sentences(5, rows=7)
    together = beam(model, model.encode(source, lengths), size=3, constraint=constraint(lengths - 1), max_length=30)
    for row, length in enumerate(lengths.tolist()):
        (alone,) = beam(
            model,
            model.encode(source[row : row + 1, :length], lengths[row : row + 1]),
            size=3,
            constraint=constraint(lengths[row : row + 1] - 1),
            max_length=30,
        )
        assert alone[0].tokens == together[row][0].tokens


def test_impossible_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="a tree of 4 words takes at least 7"):
        greedy(Noise(1.0, 0), torch.tensor([[3] * 5]), constraint=constraint(torch.tensor([4])), max_length=6)
    for wrong in ({"opening": [4]}, {"terminals": []}, {"opening": [], "closing": []}):
        with pytest.raises(ValueError, match="expected as many closing as opening"):
            Brackets(13, **({"opening": OPENING, "closing": CLOSING, "terminals": TERMINALS} | wrong))
    for wrong in ({"deepest": 0}, {"run": 0}):
        with pytest.raises(ValueError, match="expected at least 1"):
            constraint(torch.tensor([1]), **wrong)
