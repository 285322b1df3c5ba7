"""Contexts leave their word out, begin with learned vectors, and follow the recurrence of their paper."""

import torch
from torch import Tensor

from heedful.layer.context import Contexts

LENGTHS = torch.tensor([3, 6, 1])


def build() -> Contexts:
    contexts = Contexts(4, 5).double()
    for parameter in contexts.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    return contexts


def vectors() -> Tensor:
    return torch.randn(3, 6, 4, dtype=torch.float64)


def test_no_context_of_a_word_reads_the_word() -> None:
    contexts, words = build(), vectors()
    left, right = contexts(words, LENGTHS)
    for place in range(6):
        other = words.clone()
        other[:, place] = torch.randn(3, 4)
        other_left, other_right = contexts(other, LENGTHS)
        assert other_left[:, : place + 1].equal(left[:, : place + 1])
        assert other_right[:, place:].equal(right[:, place:])
    changed = vectors()
    assert not contexts(changed, LENGTHS)[0][0, 1].equal(left[0, 1])  # others do read it
    assert not contexts(changed, LENGTHS)[1][0, 1].equal(right[0, 1])


def test_beyond_both_ends_stand_learned_vectors() -> None:
    contexts = build()
    left, right = contexts(vectors(), LENGTHS)
    left_end, right_end = contexts.ends
    for row, length in enumerate(LENGTHS.tolist()):
        assert left[row, 0].equal(left_end)
        assert right[row, length - 1].equal(right_end)
        assert left[row, length:].eq(0).all()
        assert right[row, length:].eq(0).all()
    (left.sum() + right.sum()).backward()
    assert contexts.ends.grad is not None
    assert contexts.ends.grad.ne(0).all()


def test_each_context_is_one_step_of_the_recurrence_from_its_neighbours() -> None:
    contexts, words = build(), vectors()
    run = contexts.run
    left, right = contexts(words, LENGTHS)
    for place in range(1, 6):
        before = run.weight_ih_l0 @ words[1, place - 1] + run.weight_hh_l0 @ left[1, place - 1]
        torch.testing.assert_close(left[1, place], torch.tanh(before + run.bias_ih_l0 + run.bias_hh_l0))
        after = run.weight_ih_l0_reverse @ words[1, 6 - place] + run.weight_hh_l0_reverse @ right[1, 6 - place]
        wanted = torch.tanh(after + run.bias_ih_l0_reverse + run.bias_hh_l0_reverse)
        torch.testing.assert_close(right[1, 5 - place], wanted)


def test_a_text_alone_is_its_row_of_a_batch() -> None:
    contexts, words = build(), vectors()
    for row, length in enumerate(LENGTHS.tolist()):
        alone = contexts(words[row : row + 1, :length], LENGTHS[row : row + 1])
        for one, side in zip(alone, contexts(words, LENGTHS), strict=True):
            torch.testing.assert_close(one[0], side[row, :length])
