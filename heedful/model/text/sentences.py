"""From flat rows of tokens to sentences and back, in memory proportional to the number of tokens.

The sentences of a batch may have very different lengths. If all were padded to the longest, one of 5,000 words would
make a hundred short ones as expensive as itself. Sentences of similar length are therefore read together, in groups of
which at most three quarters are padding.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

_WASTE = 4
"""The largest size of a group, padding included, as a multiple of its tokens. Usual texts give one or two groups."""


class Group(NamedTuple):
    """R sentences that are read together; the longest has W words.

    `sentence` is the index of each row in the flattened sentences ``[B * N]``, and `token` the index of each word in
    the flattened tokens ``[B * S]`` (beyond a sentence's end any token). `lengths` are the numbers of words.
    """

    sentence: Int[Tensor, " R"]
    token: Int[Tensor, "R W"]
    lengths: Int[Tensor, " R"]


def group_sentences(sentences: Int[Tensor, "B N"], width: int) -> list[Group]:
    """All sentences that have words, the longest first; `width` is S, the length of a row of tokens.

    The n-th call that `heedful.record` records of the words' level has the rows of the n-th group.
    """
    # Computed with NumPy on the CPU: a GPU would have to synchronise for the size of every group.
    counts = sentences.cpu().numpy()
    first = (np.cumsum(counts, axis=1) - counts + width * np.arange(len(counts))[:, None]).ravel()
    flat = counts.ravel()
    order = np.argsort(-flat, kind="stable")
    order = order[: int((flat > 0).sum())]
    return [
        Group(
            torch.from_numpy(rows).to(sentences.device),
            torch.from_numpy(_token_indices(first[rows], flat[rows])).to(sentences.device),
            torch.from_numpy(flat[rows]).to(sentences.device),
        )
        for rows in _cut(order, flat)
    ]


def read_sentences(
    tokens: Int[Tensor, "B S"],
    sentences: Int[Tensor, "B N"],
    read: Callable[[Tensor, Tensor], Tensor],
) -> tuple[Float[Tensor, "B M D"], Int[Tensor, " B"]]:
    """One vector per sentence, and the number of sentences per row.

    `read` maps tokens ``[R, W]`` and lengths ``[R]`` of R sentences to their vectors ``[R, D]``. Sentences
    without words are left out; M is the largest number of the remaining sentences in a row.
    """
    groups = group_sentences(sentences, tokens.shape[1])
    flat = tokens.flatten()
    vectors = torch.cat([read(flat[group.token], group.lengths) for group in groups])
    real = sentences > 0
    counts = real.sum(1)
    most = int(counts.max())
    # `slot` is each sentence's index in the flattened result [B * M]. `source` is, for each slot, the index of its
    # vector; slots beyond a row's last sentence read a row of zeros that is appended to the vectors.
    slot = (real.cumsum(1) - 1 + most * torch.arange(len(real), device=real.device).unsqueeze(1)).flatten()
    source = torch.full((len(real) * most,), len(vectors), device=real.device)
    source[slot[torch.cat([group.sentence for group in groups])]] = torch.arange(len(vectors), device=real.device)
    vectors = torch.cat([vectors, vectors.new_zeros(1, vectors.shape[1])])
    return vectors.index_select(0, source).view(len(real), most, -1), counts


def scatter_word_weights(groups: list[Group], weights: list[Tensor], like: Int[Tensor, "B S"]) -> Float[Tensor, "B S"]:
    """Scatters the weights ``[R, W]`` of each group's words to the positions of the tokens."""
    scattered = weights[0].new_zeros(like.numel())
    for group, weight in zip(groups, weights, strict=True):
        real = torch.arange(weight.shape[1], device=like.device) < group.lengths.unsqueeze(1)
        scattered[group.token[real]] = weight[real]
    return scattered.view(like.shape)


def scatter_sentence_weights(weights: Float[Tensor, "B M"], sentences: Int[Tensor, "B N"]) -> Float[Tensor, "B N"]:
    """Scatters the weights of sentences that have words to the positions of all sentences; the rest get 0."""
    real = sentences > 0
    # A row that begins with empty sentences would gather at -1; these entries are replaced by 0 below.
    return torch.where(real, weights.gather(1, (real.cumsum(1) - 1).clamp(min=0)), 0.0)


def _token_indices(first: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """The index of the token at each position ``[R, W]``; a sentence's last token is repeated beyond its end."""
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
