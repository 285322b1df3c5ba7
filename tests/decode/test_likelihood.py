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
    found = likelihood(model, source, lengths, candidates=CANDIDATES)
    for row, own in enumerate(CANDIDATES):
        replayed = kit.replay(model, source[row], int(lengths[row]), [[*ids, EOS] for ids in own])
        expected = torch.tensor([one.log_probability for one in replayed])
        torch.testing.assert_close(found[row], expected, atol=1e-4, rtol=1e-4)


def test_what_greedy_says_is_as_likely_as_it_says(kit: Any, model: Any) -> None:
    source, lengths = kit.sentences(4, rows=5)
    said = greedy(model, source, lengths, max_length=30)
    found = likelihood(model, source, lengths, candidates=[[one.tokens] for one in said])
    for one, own in zip(said, found[:, 0].tolist(), strict=True):
        if len(one.tokens) < 30:  # an end that was cut off is not counted
            assert own <= one.log_probability + 1e-4, "special tokens may be said here, and take their share"


def test_a_model_that_shares_no_memory_says_the_same(kit: Any, model: Any) -> None:
    source, lengths = kit.sentences(2, rows=3)
    found = likelihood(kit.Unshared(model), source, lengths, candidates=CANDIDATES)
    torch.testing.assert_close(found, likelihood(model, source, lengths, candidates=CANDIDATES), atol=1e-4, rtol=1e-4)


def test_a_candidate_does_not_depend_on_the_others(kit: Any, model: Any) -> None:
    source, lengths = kit.sentences(2, rows=3)
    found = likelihood(model, source, lengths, candidates=CANDIDATES)
    for row, own in enumerate(CANDIDATES):
        for place, ids in enumerate(own):
            length = lengths[row : row + 1]
            alone = likelihood(model, source[row : row + 1, : int(length)], length, candidates=[[ids]])
            torch.testing.assert_close(found[row, place], alone[0, 0], atol=1e-4, rtol=1e-4)


def test_no_candidates_have_no_likelihood(kit: Any, model: Any) -> None:
    source, lengths = kit.sentences(2, rows=3)
    assert likelihood(model, source, lengths, candidates=[[], [], []]).shape == (3, 0)


def test_each_source_needs_as_many(kit: Any, model: Any) -> None:
    source, lengths = kit.sentences(2, rows=2)
    with pytest.raises(ValueError, match=r"2 sources have \[1, 2\] candidates"):
        likelihood(model, source, lengths, candidates=[[[4]], [[4], [5]]])
