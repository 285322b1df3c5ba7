"""Word vectors learned elsewhere, in the text format of word2vec and GloVe."""

from collections.abc import Iterator, Sequence
from itertools import chain
from math import isfinite
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from heedful.data.text import iterate_lines
from heedful.errors import UserError

_HINT = "expected a word and its numbers, separated by spaces, on every line; a first line may say how many there are"


def vectors_width(path: Path) -> int:
    """How many numbers a word has in a file of vectors.

    Raises: UserError, when the file is missing, empty, or no file of vectors.
    """
    for _, parts in _lines(path):
        return len(parts) - 1
    raise UserError("there are no vectors in this file", where=str(path), hint=_HINT)


def read_vectors(path: Path, words: Sequence[str]) -> tuple[Float[Tensor, "V D"], Bool[Tensor, " V"]]:
    """The vectors of some words, and which of them the file has; the others' are zero.

    A word that is not there as it is written is looked up in small letters; of a word that stands there twice the first
    counts. A word may hold spaces, as some of GloVe's do. The file is read once, a line at a time, so that one much
    larger than memory will do.

    Raises: UserError with file:line, for a line with too few numbers, or with something that is no number.
    """
    exact = {word: index for index, word in enumerate(words)}
    small: dict[str, list[int]] = {}
    for index, word in enumerate(words):
        small.setdefault(word.lower(), []).append(index)
    width = vectors_width(path)
    vectors, known = np.zeros((len(words), width), dtype=np.float32), np.zeros(len(words), dtype=np.int8)
    for number, parts in _lines(path):
        word, numbers = " ".join(parts[:-width]), parts[-width:]
        wanted = [(exact[word], 2)] if word in exact else []
        wanted += [(index, 1) for index in small.get(word, []) if index != exact.get(word)]
        wanted = [(index, merit) for index, merit in wanted if known[index] < merit]
        if len(parts) <= width or (_is_number(parts[-width - 1]) and len(parts) > width + 1):
            raise UserError(
                f"expected {width} numbers after {parts[0]!r}, found {len(parts) - 1}",
                where=f"{path}:{number}",
                hint=_HINT,
            )
        if wanted:
            values = _numbers(numbers, f"{path}:{number}")
            for index, merit in wanted:
                vectors[index], known[index] = values, merit
    return torch.from_numpy(vectors), torch.from_numpy(known > 0)


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Line numbers, and the word and its numbers, still as text."""
    lines = enumerate(iterate_lines(path), start=1)
    first = next(lines, None)
    if first is not None and len(first[1].split()) == 2 and all(part.isdigit() for part in first[1].split()):
        first = next(lines, None)  # word2vec's "count width"
    for number, line in chain([first] if first else [], lines):
        parts = line.rstrip().split(" ")
        if len(parts) < 2:
            raise UserError(f"there are no numbers in {line[:40]!r}", where=f"{path}:{number}", hint=_HINT)
        yield number, parts


def _numbers(texts: list[str], where: str) -> list[float]:
    for text in texts:
        if not _is_number(text):
            raise UserError(f"this is no number: {text[:40]!r}", where=where, hint=_HINT)
    return [float(text) for text in texts]


def _is_number(text: str) -> bool:
    try:
        return isfinite(float(text))
    except ValueError:
        return False
