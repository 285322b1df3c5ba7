"""Maps of a pair from what was recorded: windows become words, tokens words, heads and layers stay behind it."""

import torch

from heedful.data.token_words import TokenWords
from heedful.task.match.look import pair_maps

LEFT = TokenWords(("a", "b", "c"), ((0,), (1,), (2,)))
RIGHT = TokenWords(("xy", "z"), ((0,), (0,), (1,)))


def test_windows_become_words():
    windows = torch.zeros(1, 1, 4, 4)
    windows[0, 0, 1, 1] = 1.0  # the window of a and b, that of the two parts of xy
    calls = {"blocks.0.pooling.left": [windows], "blocks.0.pooling.right": [windows.mT]}
    found = pair_maps(calls, 0, (LEFT, RIGHT), width=2)
    assert len(found) == 1
    # a is in windows 0 and 1, b in 1 and 2; each part of xy in one of its two: the mean of two by two windows.
    assert torch.allclose(found[0].weights, torch.tensor([[0.25, 0.0], [0.25, 0.0], [0.0, 0.0]]))


def test_a_word_has_the_mean_nearness_of_its_tokens_and_the_sum_of_its_shares():
    weights = torch.tensor([[[[0.2, 0.6, 0.2], [0.5, 0.5, 0.0], [0.0, 0.0, 1.0]]]])
    near = pair_maps({"blocks.0.input.left": [weights]}, 0, (LEFT, RIGHT))[0].weights
    share = pair_maps({"left": [weights]}, 0, (LEFT, RIGHT))[0].weights
    assert torch.allclose(near[:2], torch.tensor([[0.4, 0.2], [0.5, 0.0]]))
    assert torch.allclose(share[:2], torch.tensor([[0.8, 0.2], [1.0, 0.0]]))


def test_heads_and_layers_stand_behind_the_first():
    weights = torch.rand(2, 2, 3, 3)
    found = pair_maps({"left": [weights], "other.left": [weights[:, :1]], "right": [weights]}, 1, (LEFT, RIGHT))
    assert {name: tuple(maps.shape) for name, maps in found[0].layers.items()} == {
        "left": (2, 3, 2),
        "other.left": (1, 3, 2),
    }


def test_texts_read_apart_have_a_row_each():
    found = pair_maps({"pooling.attention": [torch.rand(1, 1, 1, 3), torch.rand(1, 1, 1, 3)]}, 0, (LEFT, RIGHT))
    assert [(one.title, tuple(one.weights.shape)) for one in found] == [("left text", (1, 3)), ("right text", (1, 2))]
