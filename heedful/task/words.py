"""From maps over pieces to maps over words, and from those to links."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from heedful.data.tokenise import Tokeniser
from heedful.shapes import EOS, ShapeError, describe

END = "</s>"
"""How the end of the source is shown, which can be looked at like a word."""


@dataclass(frozen=True)
class Words:
    """The words of one side: their texts, and for each token the word that it belongs to."""

    texts: tuple[str, ...]
    of_token: tuple[int, ...]

    @classmethod
    def of(cls, tokeniser: Tokeniser, ids: Sequence[int]) -> "Words":
        """The words of a tokenised text; EOS, where it stands, is a word of its own."""
        of_token = tokeniser.word_index(ids)
        groups: list[list[int]] = [[] for _ in range(max(of_token, default=-1) + 1)]
        for token, word in zip(ids, of_token, strict=True):
            groups[word].append(token)
        return cls(tuple(_text(tokeniser, group) for group in groups), tuple(of_token))


def _text(tokeniser: Tokeniser, ids: list[int]) -> str:
    if ids == [EOS]:
        return END
    return tokeniser.decode(ids).strip() or "".join(tokeniser.pieces(ids))


def merge(weights: Float[Tensor, "... T S"], rows: Words, columns: Words) -> Float[Tensor, "... t s"]:
    """A map over tokens as a map over words.

    A word gets the sum of what its source tokens got, and looks as the mean of its target tokens does; so rows sum
    to what they summed to before.
    Raises: ShapeError, when there is not one token a row and column.
    """
    if weights.shape[-2:] != (len(rows.of_token), len(columns.of_token)):
        raise ShapeError(
            f"weights are {describe(weights)}, expected [..., {len(rows.of_token)}, {len(columns.of_token)}]: "
            "one row a target token, one column a source token."
        )
    gather = _membership(columns).to(weights)
    average = _membership(rows).to(weights)
    average = average / average.sum(0).clamp_min(1)
    return average.T @ (weights @ gather)


def links(weights: Float[Tensor, "T S"], words: int, threshold: float = 0.0) -> list[tuple[int, int]]:
    """Word alignment of a map: each target word with the source word that it looks at most.

    `words` is the number of source words; columns after them, such as the end of the source, make no link, and a
    target word that looks there most, or nowhere with at least `threshold`, is left alone.
    Returns: pairs of source and target word, from 0, in the order of target words.
    """
    if 0 in weights.shape:
        return []
    best, where = weights.max(-1)
    chosen = zip(where.tolist(), best.tolist(), strict=True)
    return [(s, t) for t, (s, weight) in enumerate(chosen) if s < words and weight >= threshold and weight > 0]


def _membership(words: Words) -> Float[Tensor, "tokens words"]:
    """One where a token belongs to a word."""
    matrix = torch.zeros(len(words.of_token), len(words.texts))
    matrix[range(len(words.of_token)), list(words.of_token)] = 1.0
    return matrix
