"""Merges maps over tokens into maps over words, and reads word alignments from them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

import torch
from jaxtyping import Float, Int
from torch import Tensor

from heedful.axes import Words
from heedful.data.tokenise import Tokeniser
from heedful.data.tokenise.base import CJK, CJK_MARKS, SPECIAL
from heedful.shapes import ShapeError, describe

_BLANK = "▁"
_BYTE = re.compile("<0x([0-9A-F]{2})>")
_CHARACTER = re.compile(f"[{CJK}{CJK_MARKS}]")
_RUN = re.compile(f"[{CJK}{CJK_MARKS}]|[^{CJK}{CJK_MARKS}]+")


@dataclass(frozen=True)
class TokenWords:
    """The words of one side: their texts, and for each token the indices of the words that it overlaps.

    Words are separated by blanks, and each Chinese or Japanese character is a word, however the tokeniser splits the
    text. A token such as 学生 therefore holds two words.
    """

    texts: tuple[str, ...]
    of_token: tuple[tuple[int, ...], ...]

    @property
    def axis(self) -> Words:
        """The words as the axis of a map, with the number of tokens of each.

        A token of several words counts in equal parts for each of them. A word never counts as less than one token.
        """
        counts = [0.0] * len(self.texts)
        for parts in self.of_token:
            for word in parts:
                counts[word] += 1 / len(parts)
        # Rounded: thirds of tokens would not add up to whole numbers.
        return Words(self.texts, [max(1.0, round(count, 6)) for count in counts])

    @classmethod
    def of(cls, tokeniser: Tokeniser, ids: Sequence[int], typed: Sequence[str] = ()) -> "TokenWords":
        """The words of a tokenised text. EOS is a word by itself.

        `typed` is the original text of each id from the first one, as `Tokeniser.surface_pieces` returns it. Where it
        is empty or missing, the tokeniser's piece is shown instead.
        """
        texts: list[str] = []
        of_token: list[list[int]] = []
        growing = None  # the blank-separated word that the last text belongs to, if it can still grow
        spelling, word_index = _without_bytes(_shown(tokeniser, ids, typed)), tokeniser.word_index(ids)
        for i, (piece, is_rest) in enumerate(spelling):
            # The later bytes of a character belong to the word that its first byte opened.
            words: list[int] = of_token[-1][-1:] if is_rest else []
            for run in [piece] if ids[i] in SPECIAL else _RUN.findall(piece.replace(_BLANK, "")):
                alone = _CHARACTER.fullmatch(run) is not None
                if alone or growing != word_index[i]:
                    texts.append("")
                texts[-1] += run
                growing = None if alone else word_index[i]
                words.append(len(texts) - 1)
            of_token.append(words)
        return cls(tuple(texts) or ("",) * bool(of_token), tuple(map(tuple, _with_blanks(of_token))))


def _shown(tokeniser: Tokeniser, ids: Sequence[int], typed: Sequence[str]) -> list[str]:
    """A string for each id: its original text, or else its piece."""
    return [text or piece for text, piece in zip_longest(typed[: len(ids)], tokeniser.pieces(ids), fillvalue="")]


def _without_bytes(pieces: Sequence[str]) -> list[tuple[str, bool]]:
    """The pieces with characters spelt in bytes, as in ``<0xE4> <0xB9> <0xA6>``, decoded into the first of their bytes.

    The flag marks the later bytes, whose text is empty.
    """
    decoded: list[tuple[str, bool]] = []
    while len(decoded) < len(pieces):
        start = len(decoded)
        # A character has at most 4 bytes in UTF-8.
        text, length = next(_characters_at(pieces[start : start + 4]), (pieces[start], 1))
        decoded += [(text, False), *[("", True)] * (length - 1)]
    return decoded


def _characters_at(pieces: Sequence[str]) -> Iterator[tuple[str, int]]:
    """The character that the pieces begin with, if it is spelt in bytes, and the number of these bytes."""
    matches = [_BYTE.fullmatch(piece) for piece in pieces]
    for length in range(1, len(matches) + 1):
        encoded = bytes(int(byte[1], 16) for byte in matches[:length] if byte)
        text = encoded.decode("utf-8", "ignore")
        if text and len(encoded) == length:
            yield text, length


def _with_blanks(of_token: list[list[int]]) -> list[list[int]]:
    """Assigns tokens that are only a blank to the word after them, or to the last word if none follows."""
    following = next((words[-1:] for words in reversed(of_token) if words), [0])
    filled: list[list[int]] = []
    for words in reversed(of_token):
        following = words[:1] or following
        filled.append(words or following)
    return filled[::-1]


def merge(weights: Float[Tensor, "... T S"], rows: TokenWords, columns: TokenWords) -> Float[Tensor, "... t s"]:
    """Merges a map over tokens into a map over words.

    Columns of one word are summed; a token that holds several words gives each an equal share. Rows of one word are
    averaged. Row sums therefore stay the same.
    Raises: ShapeError, when the rows or columns are not one per token.
    """
    if weights.shape[-2:] != (len(rows.of_token), len(columns.of_token)):
        raise ShapeError(
            f"weights are {describe(weights)}, expected [..., {len(rows.of_token)}, {len(columns.of_token)}]: "
            "one row per target token, one column per source token."
        )
    token, word, share = _membership(columns, weights)
    parts = weights.index_select(-1, token) * share
    gathered = weights.new_zeros(*weights.shape[:-1], len(columns.texts)).index_add_(-1, word, parts)
    token, word, share = _membership(rows, weights)
    counts = weights.new_zeros(len(rows.texts)).index_add_(0, word, torch.ones_like(share))
    looks = gathered.index_select(-2, token) / counts[word].unsqueeze(-1)
    return weights.new_zeros(*weights.shape[:-2], len(rows.texts), len(columns.texts)).index_add_(-2, word, looks)


def settle(weights: Float[Tensor, "... T S"], even: float, carry: float) -> Float[Tensor, "... T S"]:
    """Adjusts a map over words so that it reads better as an alignment.

    Each column is divided by its sum to the power `even`, since source words that many target words attend to, such as
    punctuation, would attract too many links. `carry` times the previous row is added to each row, since a word that is
    predictable from the previous one, such as the second half of a name, hardly needs attention.
    Row sums stay the same. With 0 and 0 nothing changes.
    """
    # Both small constants only prevent a division by zero, for columns and rows without weight.
    shared = weights / (weights.sum(-2, keepdim=True) + 1e-3) ** even
    shared = shared + carry * torch.nn.functional.pad(shared[..., :-1, :], (0, 0, 1, 0))
    return shared * (weights.sum(-1, keepdim=True) / shared.sum(-1, keepdim=True).clamp_min(1e-12))


def links(weights: Float[Tensor, "T S"], words: int, threshold: float = 0.0) -> list[tuple[int, int]]:
    """The word alignment of a map: each target word is linked to the source word with the most weight.

    `words` is the number of source words. A target word gets no link if its most weight is in a column after them, such
    as EOS, or is below `threshold`.
    Returns: pairs of source and target word, counted from 0, in the order of target words.
    """
    if 0 in weights.shape:
        return []
    best, columns = weights.max(-1)
    peaks = zip(columns.tolist(), best.tolist(), strict=True)
    return [(s, t) for t, (s, weight) in enumerate(peaks) if s < words and weight >= threshold and weight > 0]


def _membership(words: TokenWords, like: Tensor) -> tuple[Int[Tensor, " n"], Int[Tensor, " n"], Float[Tensor, " n"]]:
    """Pairs of token and word, with the share of the token that belongs to the word."""
    triples = [(token, word, 1 / len(parts)) for token, parts in enumerate(words.of_token) for word in parts]
    tokens, indices, shares = zip(*triples, strict=True) if triples else ((), (), ())
    index = [torch.tensor(numbers, dtype=torch.int64, device=like.device) for numbers in (tokens, indices)]
    return index[0], index[1], torch.tensor(shares, dtype=like.dtype, device=like.device)
