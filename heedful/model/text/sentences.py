"""From flat rows of tokens to sentences and back, in memory that grows with the tokens.

A batch says how many tokens each sentence has, and its sentences may be of very unequal lengths: padded to the longest
of all, one of 5,000 words would make a hundred short ones cost as much each. So sentences of like length are read
together, in groups of which at most three quarters are padding.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

_WASTE = 4
"""How many times its tokens a group may be, padding included. Sentences of usual texts make one group or two."""


class Group(NamedTuple):
    """R sentences that are read together. W words are in the longest.

    `sentence` says which sentence of the flattened ``[B * N]`` each row is, `token` which of the flattened tokens
    ``[B * S]`` stands at each place (any token beyond a sentence's end), `lengths` how many words each has.
    """

    sentence: Int[Tensor, " R"]
    token: Int[Tensor, "R W"]
    lengths: Int[Tensor, " R"]


def group_sentences(sentences: Int[Tensor, "B N"], width: int) -> list[Group]:
    """All sentences that have words, the longest first; `width` is S, the length of a row of tokens.

    The rows of each call that `heedful.record` sees of the words' level are the rows of the group in its turn.
    """
    counts = sentences.cpu().numpy()
    first = (np.cumsum(counts, axis=1) - counts + width * np.arange(len(counts))[:, None]).ravel()
    flat = counts.ravel()
    order = np.argsort(-flat, kind="stable")
    order = order[: int((flat > 0).sum())]
    return [
        Group(
            torch.from_numpy(rows).to(sentences.device),
            torch.from_numpy(_places(first[rows], flat[rows])).to(sentences.device),
            torch.from_numpy(flat[rows]).to(sentences.device),
        )
        for rows in _cut(order, flat)
    ]


def read_sentences(
    tokens: Int[Tensor, "B S"],
    sentences: Int[Tensor, "B N"],
    read: Callable[[Tensor, Tensor], Tensor],
) -> tuple[Float[Tensor, "B M D"], Int[Tensor, " B"]]:
    """One vector a sentence by ``read(tokens [R, W], lengths [R]) -> [R, D]``, and how many each row has.

    Sentences without words are left out: M is the most that any row has of the others.
    """
    groups = group_sentences(sentences, tokens.shape[1])
    flat = tokens.flatten()
    vectors = torch.cat([read(flat[group.token], group.lengths) for group in groups])
    real = sentences > 0
    counts = real.sum(1)
    most = int(counts.max())
    # Where the vector of each place is found; beyond a row's last sentence the zeros behind all vectors.
    place = (real.cumsum(1) - 1 + most * torch.arange(len(real), device=real.device).unsqueeze(1)).flatten()
    found = torch.full((len(real) * most,), len(vectors), device=real.device)
    found[place[torch.cat([group.sentence for group in groups])]] = torch.arange(len(vectors), device=real.device)
    vectors = torch.cat([vectors, vectors.new_zeros(1, vectors.shape[1])])
    return vectors.index_select(0, found).view(len(real), most, -1), counts


def scatter_word_weights(groups: list[Group], weights: list[Tensor], like: Int[Tensor, "B S"]) -> Float[Tensor, "B S"]:
    """Weights ``[R, W]`` of each group's words, back at the tokens' places."""
    spread = weights[0].new_zeros(like.numel())
    for group, weight in zip(groups, weights, strict=True):
        real = torch.arange(weight.shape[1], device=like.device) < group.lengths.unsqueeze(1)
        spread[group.token[real]] = weight[real]
    return spread.view(like.shape)


def scatter_sentence_weights(weights: Float[Tensor, "B M"], sentences: Int[Tensor, "B N"]) -> Float[Tensor, "B N"]:
    """Weights of the sentences that have words, back at the places of all; the others get 0."""
    real = sentences > 0
    return torch.where(real, weights.gather(1, (real.cumsum(1) - 1).clamp(min=0)), 0.0)


def _places(first: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Which token stands at each place ``[R, W]``; beyond a sentence's end its last one again."""
    return first[:, None] + np.minimum(np.arange(lengths[0]), lengths[:, None] - 1)


def _cut(order: np.ndarray, lengths: np.ndarray) -> Iterator[np.ndarray]:
    """Cuts sentences, the longest first, where a group would be more than `_WASTE` times its tokens."""
    start = tokens = 0
    for end, length in enumerate(lengths[order].tolist()):
        rows, longest = end - start + 1, int(lengths[order[start]])
        if rows * longest > _WASTE * (tokens + length):
            yield order[start:end]
            start, tokens = end, 0
        tokens += length
    if len(order):
        yield order[start:]
