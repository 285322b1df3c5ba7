"""Attention maps of a text pair over its words, from the recorded maps of a batch."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from heedful.data.token_words import TokenWords, merge
from heedful.watch import Map

_LEFT = "left"
"""The name that models give the attention from the left text to the right one."""

Sides = tuple[TokenWords, TokenWords]
"""The words of the left and of the right text."""

Calls = Mapping[str, Sequence[Float[Tensor, "_ _ _ _"]]]
"""The weights ``[B, H, T, S]`` of each call of each attention, by its name, as `heedful.record` returns them."""


def pair_maps(calls: Calls, row: int, words: tuple[TokenWords, TokenWords], *, width: int = 1) -> list[Map]:
    """The maps of pair `row` of a recorded batch: from its left text to its right one, or within each text.

    A model with attention between the texts has one map: that of the first layer and head, with all others as its
    layers. Its rows are the words of the left text. At ABCNN's pooling, attention is between windows of `width` words,
    and a word gets the mean of the windows that contain it. A model that reads the texts separately has two maps with
    one row each.
    """
    between = [of_head for name, weights in calls.items() for of_head in _between(name, weights[0][row], words, width)]
    if not between:
        return [of_text for weights in calls.values() for of_text in _within(weights, row, words)]
    layers: dict[str, list[Tensor]] = {}
    for of_head in between:
        layers.setdefault(of_head.title, []).append(of_head.weights)
    return [replace(between[0], layers={name: torch.stack(maps) for name, maps in layers.items()})]


def _between(
    name: str, weights: Float[Tensor, "H T S"], words: tuple[TokenWords, TokenWords], width: int
) -> Iterator[Map]:
    """The maps of the heads of an attention from the left text to the right one; none for other attentions."""
    parts = name.split(".")
    if parts[-1] != _LEFT:
        return
    left, right = words
    extra = width - 1 if "pooling" in parts else 0
    for head in weights.float().cpu():
        # Without the padding of the batch.
        of_pair = head[: len(left.of_token) + extra, : len(right.of_token) + extra]
        if extra:
            of_pair = functional.avg_pool2d(of_pair[None, None], width, stride=1)[0, 0]
        merged = merge(of_pair, left, right)
        # ABCNN's weights do not sum to 1, so that a word of several tokens gets their mean instead of their sum.
        if len(parts) > 1:
            merged = merged / _tokens_of(right)
            yield Map(merged, left.texts, right.texts, name)
        else:
            yield Map(merged, left.texts, right.axis, name)


def _within(calls: Sequence[Tensor], row: int, words: tuple[TokenWords, TokenWords]) -> Iterator[Map]:
    """The weight of each word in the vector of its text. The attention is called once for each text."""
    for columns, weights, side in zip(words, calls, ("left", "right"), strict=False):
        rows = TokenWords((side,), ((0,),))
        merged = merge(weights[row, 0, :1, : len(columns.of_token)].float().cpu(), rows, columns)
        yield Map(merged, rows.texts, columns.axis, f"{side} text")


def _tokens_of(words: TokenWords) -> Float[Tensor, "1 s"]:
    """The number of tokens of each word."""
    tokens = len(words.of_token)
    return merge(torch.ones(1, tokens), TokenWords(("",), ((0,),)), words).clamp_min(1e-9)
