"""Where a model of text pairs looks: the maps of one pair over its words, from what was recorded of a batch."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from heedful.data.token_words import TokenWords, merge
from heedful.watch import Map

_LEFT = "left"
"""What models call the attention from the left text to the right one."""

Sides = tuple[TokenWords, TokenWords]
"""The words of the left and of the right text."""

Calls = Mapping[str, Sequence[Float[Tensor, "_ _ _ _"]]]
"""The weights ``[B, H, T, S]`` of each call of each attention, by its name, as `heedful.record` has them."""


def pair_maps(calls: Calls, row: int, words: Sides, *, width: int = 1) -> list[Map]:
    """What pair `row` of a recorded batch looked at: from its left text to its right one, or within each.

    Of a model with attention between the texts there is one map, of the first layer and head, with all others behind
    it; rows are the left text's words. Attention at ABCNN's pooling is between windows of `width` words; a word has
    the mean of those that hold it. Of a model that reads the texts apart there are two, each one row.
    """
    between = [one for name, found in calls.items() for one in _between(name, found[0][row], words, width)]
    if not between:
        return [one for found in calls.values() for one in _apart(found, row, words)]
    behind: dict[str, list[Tensor]] = {}
    for one in between:
        behind.setdefault(one.title, []).append(one.weights)
    return [replace(between[0], layers={name: torch.stack(maps) for name, maps in behind.items()})]


def _between(name: str, weights: Float[Tensor, "H T S"], words: Sides, width: int) -> Iterator[Map]:
    """The maps of an attention's heads, if it goes from left to right."""
    parts = name.split(".")
    if parts[-1] != _LEFT:
        return
    left, right = words
    extra = width - 1 if "pooling" in parts else 0
    for head in weights.float().cpu():
        own = head[: len(left.of_token) + extra, : len(right.of_token) + extra]
        if extra:
            own = functional.avg_pool2d(own[None, None], width, stride=1)[0, 0]
        # ABCNN's weights are no shares of a whole: a word of several tokens has their mean.
        merged = merge(own, left, right) if len(parts) == 1 else merge(own, left, right) / _tokens_of(right)
        yield Map(merged, left.texts, right.texts, name)


def _apart(found: Sequence[Tensor], row: int, words: Sides) -> Iterator[Map]:
    """How much of each word is in its text's vector: one call a text."""
    for own, weights, side in zip(words, found, ("left", "right"), strict=False):
        one = TokenWords((side,), ((0,),))
        yield Map(merge(weights[row, 0, :1, : len(own.of_token)].float().cpu(), one, own), one.texts, own.texts, side)


def _tokens_of(words: TokenWords) -> Float[Tensor, "1 s"]:
    """Of how many tokens each word is made."""
    tokens = len(words.of_token)
    return merge(torch.ones(1, tokens), TokenWords(("",), ((0,),)), words).clamp_min(1e-9)
