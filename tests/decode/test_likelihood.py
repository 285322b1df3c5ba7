"""Given outputs are as likely as the model says, however many are asked for at once."""

from typing import Any

import pytest
import torch

from heedful.decode import greedy, likelihood
from heedful.shapes import EOS

CANDIDATES = [
    [[4, 5, 6], [], [3]],
    [[6], [4, 4, 4, 4, 4], [5, 6]],
    [[5, 5], [4], []],
]


def test_it_is_what_forcing_the_output_gives(kit: Any, model: Any) -> None:
    source, lengths = kit.sentences(2, rows=3)
    found = likelihood(model, model.encode(source, lengths), candidates=CANDIDATES)
    for row, own in enumerate(CANDIDATES):
        replayed = kit.replay(model, source[row], int(lengths[row]), [[*ids, EOS] for ids in own])
        expected = torch.tensor([one.log_probability for one in replayed])
        torch.testing.assert_close(found[row], expected, atol=1e-4, rtol=1e-4)


def test_what_greedy_says_is_as_likely_as_it_says(kit: Any, model: Any) -> None:
    source, lengths = kit.sentences(4, rows=5)
    said = greedy(model, model.encode(source, lengths), max_length=30)
    found = likelihood(model, model.encode(source, lengths), candidates=[[one.tokens] for one in said])
    for one, own in zip(said, found[:, 0].tolist(), strict=True):
        if len(one.tokens) < 30:  # an end that was cut off is not counted
            assert own <= one.log_probability + 1e-4, "special tokens may be said here, and take their share"


def test_a_model_that_shares_no_memory_says_the_same(kit: Any, model: Any) -> None:
    source, lengths = kit.sentences(2, rows=3)
    found = likelihood(kit.Unshared(model), model.encode(source, lengths), candidates=CANDIDATES)
    torch.testing.assert_close(
        found, likelihood(model, model.encode(source, lengths), candidates=CANDIDATES), atol=1e-4, rtol=1e-4
    )


def test_a_candidate_does_not_depend_on_the_others(kit: Any, model: Any) -> None:
    source, lengths = kit.sentences(2, rows=3)
    found = likelihood(model, model.encode(source, lengths), candidates=CANDIDATES)
    for row, own in enumerate(CANDIDATES):
        for place, ids in enumerate(own):
            length = lengths[row : row + 1]
            alone = likelihood(model, model.encode(source[row : row + 1, : int(length)], length), candidates=[[ids]])
            torch.testing.assert_close(found[row, place], alone[0, 0], atol=1e-4, rtol=1e-4)


def test_no_candidates_have_no_likelihood(kit: Any, model: Any) -> None:
    source, lengths = kit.sentences(2, rows=3)
    assert likelihood(model, model.encode(source, lengths), candidates=[[], [], []]).shape == (3, 0)


def test_each_source_needs_as_many(kit: Any, model: Any) -> None:
    source, lengths = kit.sentences(2, rows=2)
    with pytest.raises(ValueError, match=r"2 rows of memory have \[1, 2\] candidates"):
        likelihood(model, model.encode(source, lengths), candidates=[[[4]], [[4], [5]]])


class Counted:
    """The same model, recording how many rows a step has; it shares no memory."""

    def __init__(self, model: Any) -> None:
        self._model, self.start = model, model.start
        self.rows: list[int] = []

    def step(self, token: torch.Tensor, *given: Any) -> Any:
        self.rows.append(token.shape[0])
        return self._model.step(token, *given)


@pytest.mark.parametrize("rows", [1, 3, 4, 6, 100])
def test_few_rows_at_a_time_say_the_same(kit: Any, model: Any, rows: int) -> None:
    source, lengths = kit.sentences(2, rows=3)
    expected = likelihood(model, model.encode(source, lengths), candidates=CANDIDATES)
    for one in (model, Counted(model)):
        found = likelihood(one, model.encode(source, lengths), candidates=CANDIDATES, rows=rows)
        torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)
    assert max(one.rows) == (3 if rows < 6 else 6 if rows == 6 else 9)
