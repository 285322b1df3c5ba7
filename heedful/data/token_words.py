"""From maps over pieces to maps over words, and from those to links."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

import torch
from jaxtyping import Float, Int
from torch import Tensor

from heedful.data.tokenise import Tokeniser
from heedful.data.tokenise.base import CJK, CJK_MARKS, SPECIAL
from heedful.shapes import ShapeError, describe

_BLANK = "▁"
_BYTE = re.compile("<0x([0-9A-F]{2})>")
_CHARACTER = re.compile(f"[{CJK}{CJK_MARKS}]")
_RUN = re.compile(f"[{CJK}{CJK_MARKS}]|[^{CJK}{CJK_MARKS}]+")


@dataclass(frozen=True)
class TokenWords:
    """The words of one side: their texts, and for each token the words that it is a part of, or that it holds.

    What stands between blanks is a word, and so is each Chinese or Japanese character, whatever the tokeniser makes
    of them: a piece such as 学生 holds two words.
    """

    texts: tuple[str, ...]
    of_token: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, tokeniser: Tokeniser, ids: Sequence[int], typed: Sequence[str] = ()) -> "TokenWords":
        """The words of a tokenised text; EOS, where it stands, is a word of its own.

        `typed` is what was typed at each id, from the first on, as `Tokeniser.surface_pieces` gives it; where that is
        "", or there is none, a word is shown as the tokeniser has it.
        """
        texts: list[str] = []
        of_token: list[list[int]] = []
        place = None  # the blank-separated word that the last text is a part of, if it can still grow
        spelt, places = _without_bytes(_shown(tokeniser, ids, typed)), tokeniser.word_index(ids)
        for i, (piece, is_rest) in enumerate(spelt):
            own: list[int] = of_token[-1][-1:] if is_rest else []
            for run in [piece] if ids[i] in SPECIAL else _RUN.findall(piece.replace(_BLANK, "")):
                alone = _CHARACTER.fullmatch(run) is not None
                if alone or place != places[i]:
                    texts.append("")
                texts[-1] += run
                place = None if alone else places[i]
                own.append(len(texts) - 1)
            of_token.append(own)
        return cls(tuple(texts) or ("",) * bool(of_token), tuple(map(tuple, _with_blanks(of_token))))


def _shown(tokeniser: Tokeniser, ids: Sequence[int], typed: Sequence[str]) -> list[str]:
    """A string for each id: what was typed, or what it stands for."""
    return [own or piece for own, piece in zip_longest(typed[: len(ids)], tokeniser.pieces(ids), fillvalue="")]


def _without_bytes(pieces: Sequence[str]) -> list[tuple[str, bool]]:
    """The pieces, and which of them are the rest of a character spelt in bytes, as in ``<0xE4> <0xB9> <0xA6>``.

    The first of its bytes stands for such a character.
    """
    spelt: list[tuple[str, bool]] = []
    while len(spelt) < len(pieces):
        start = len(spelt)
        text, length = next(_characters_at(pieces[start : start + 4]), (pieces[start], 1))
        spelt += [(text, False), *[("", True)] * (length - 1)]
    return spelt


def _characters_at(pieces: Sequence[str]) -> Iterator[tuple[str, int]]:
    """The character that these pieces begin with, if its bytes are spelt, and how many they are."""
    found = [_BYTE.fullmatch(piece) for piece in pieces]
    for length in range(1, len(found) + 1):
        spelt = bytes(int(byte[1], 16) for byte in found[:length] if byte)
        text = spelt.decode("utf-8", "ignore")
        if text and len(spelt) == length:
            yield text, length


def _with_blanks(of_token: list[list[int]]) -> list[list[int]]:
    """A token that is only a blank belongs to the word that it opens, or closes where nothing follows."""
    following = next((own[-1:] for own in reversed(of_token) if own), [0])
    filled: list[list[int]] = []
    for own in reversed(of_token):
        following = own[:1] or following
        filled.append(own or following)
    return filled[::-1]


def merge(weights: Float[Tensor, "... T S"], rows: TokenWords, columns: TokenWords) -> Float[Tensor, "... t s"]:
    """A map over tokens as a map over words.

    A word gets the sum of what its source tokens got, a token that holds several words giving each an equal part; it
    looks as the mean of its target tokens does. So rows sum to what they summed to before.
    Raises: ShapeError, when there is not one token a row and column.
    """
    if weights.shape[-2:] != (len(rows.of_token), len(columns.of_token)):
        raise ShapeError(
            f"weights are {describe(weights)}, expected [..., {len(rows.of_token)}, {len(columns.of_token)}]: "
            "one row a target token, one column a source token."
        )
    token, word, share = _membership(columns, weights)
    parts = weights.index_select(-1, token) * share
    gathered = weights.new_zeros(*weights.shape[:-1], len(columns.texts)).index_add_(-1, word, parts)
    token, word, share = _membership(rows, weights)
    counts = weights.new_zeros(len(rows.texts)).index_add_(0, word, torch.ones_like(share))
    looks = gathered.index_select(-2, token) / counts[word].unsqueeze(-1)
    return weights.new_zeros(*weights.shape[:-2], len(rows.texts), len(columns.texts)).index_add_(-2, word, looks)


def settle(weights: Float[Tensor, "... T S"], even: float, carry: float) -> Float[Tensor, "... T S"]:
    """A map over words made more of an alignment than of a search for the next word.

    Words that many look at are worth less: each column is divided by its sum to the power `even`. And a word that
    hardly needs to look, such as the second half of a name, goes with the one before: `carry` of its row is added.
    Rows keep their sums. With 0 and 0 nothing changes.
    """
    shared = weights / (weights.sum(-2, keepdim=True) + 1e-3) ** even
    shared = shared + carry * torch.nn.functional.pad(shared[..., :-1, :], (0, 0, 1, 0))
    return shared * (weights.sum(-1, keepdim=True) / shared.sum(-1, keepdim=True).clamp_min(1e-12))


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


def _membership(words: TokenWords, like: Tensor) -> tuple[Int[Tensor, " n"], Int[Tensor, " n"], Float[Tensor, " n"]]:
    """Which token belongs to which word, and what part of it: one, or equal parts where it holds several."""
    own = [(token, word, 1 / len(parts)) for token, parts in enumerate(words.of_token) for word in parts]
    tokens, places, shares = zip(*own, strict=True) if own else ((), (), ())
    index = [torch.tensor(numbers, dtype=torch.int64, device=like.device) for numbers in (tokens, places)]
    return index[0], index[1], torch.tensor(shares, dtype=like.dtype, device=like.device)
