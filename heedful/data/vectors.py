"""Reads pretrained word vectors in the text format of word2vec and GloVe."""

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

_HINT = "expected a word and its numbers, separated by spaces, on every line; the first line may hold count and width"


def vectors_width(path: Path) -> int:
    """The width of the vectors in a file.

    Raises: UserError, when the file is missing, empty, or not a file of vectors.
    """
    for _, parts in _lines(path):
        return len(parts) - 1
    raise UserError("there are no vectors in this file", where=str(path), hint=_HINT)


def read_vectors(path: Path, words: Sequence[str]) -> tuple[Float[Tensor, "V D"], Bool[Tensor, " V"]]:
    """The vectors of `words`, zero where the file has none, and which of them the file has.

    A word that the file does not have as written is looked up in lower case. The first of several vectors for a word
    counts. A word may contain spaces, as some of GloVe's do. The file is read once, line by line, so it may be larger
    than memory.

    Raises: UserError with file:line, for a line with too few numbers, or with something that is not a number.
    """
    exact = {word: index for index, word in enumerate(words)}
    by_lowercase: dict[str, list[int]] = {}
    for index, word in enumerate(words):
        by_lowercase.setdefault(word.lower(), []).append(index)
    width = vectors_width(path)
    vectors, match = np.zeros((len(words), width), dtype=np.float32), np.zeros(len(words), dtype=np.int8)
    for number, parts in _lines(path):
        word, numbers = " ".join(parts[:-width]), parts[-width:]
        # 2: exact match, 1: match in lower case. A better match replaces a worse one; of equal ones the first stays.
        matches = [(exact[word], 2)] if word in exact else []
        matches += [(index, 1) for index in by_lowercase.get(word, []) if index != exact.get(word)]
        matches = [(index, quality) for index, quality in matches if match[index] < quality]
        # More than `width` numbers are a word with spaces, unless the extra part is itself a number.
        if len(parts) <= width or (_is_number(parts[-width - 1]) and len(parts) > width + 1):
            raise UserError(
                f"expected {width} numbers after {parts[0]!r}, found {len(parts) - 1}",
                where=f"{path}:{number}",
                hint=_HINT,
            )
        # Only the numbers of words that are needed are parsed: a file has many more.
        if matches:
            values = _numbers(numbers, f"{path}:{number}")
            for index, quality in matches:
                vectors[index], match[index] = values, quality
    return torch.from_numpy(vectors), torch.from_numpy(match > 0)


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Line numbers with the word and its numbers, still as text."""
    lines = enumerate(iterate_lines(path), start=1)
    first = next(lines, None)
    if first is not None and len(first[1].split()) == 2 and all(part.isdigit() for part in first[1].split()):
        first = next(lines, None)  # word2vec's "count width"
    for number, line in chain([first] if first else [], lines):
        # At blanks alone, since a word may hold other white space.
        parts = line.rstrip().split(" ")
        if len(parts) < 2:
            raise UserError(f"there are no numbers in {line[:40]!r}", where=f"{path}:{number}", hint=_HINT)
        yield number, parts


def _numbers(texts: list[str], where: str) -> list[float]:
    for text in texts:
        if not _is_number(text):
            raise UserError(f"this is not a number: {text[:40]!r}", where=where, hint=_HINT)
    return [float(text) for text in texts]


def _is_number(text: str) -> bool:
    try:
        return isfinite(float(text))
    except ValueError:
        return False
