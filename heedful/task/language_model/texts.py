"""Text as a language model reads it: files to documents, documents to ids, and the tokens that text opens with.

Where the tokeniser keeps no line breaks (words and subwords), EOS stands for each: a continuation ends with its line.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from heedful.data.stream import Ids, Run, cut, document
from heedful.data.text import iterate_lines
from heedful.data.tokenise import Tokeniser
from heedful.errors import UserError
from heedful.shapes import BOS, EOS, UNK
from heedful.task.language_model.config import DataSettings

_PIECE = 1 << 16  # lines made ids at a time, so that lists of Python numbers stay small


@dataclass(frozen=True)
class Text:
    """The lines of some files, without their ends, and where they came from."""

    lines: list[str]
    where: str

    @property
    def characters(self) -> int:
        """How many there are, an end of line counting as one."""
        return sum(map(len, self.lines)) + len(self.lines)


@dataclass(frozen=True, eq=False)
class Tokens:
    """A text as ids: documents, each with whatever begins and ends it, and the characters that can be asked for."""

    documents: list[Ids]
    characters: int

    @property
    def unknown(self) -> float:
        """The share of tokens that are not known."""
        unknown = sum(int((ids == UNK).sum()) for ids in self.documents)
        return unknown / max(1, sum(map(len, self.documents)))

    def runs(self, window: int, context: int) -> list[Run]:
        """The text cut to be scored: every token that can be asked for exactly once."""
        return [run for ids in self.documents for run in cut(ids, window, context=context)]


def read_text(files: Sequence[str]) -> Text:
    """Reads all files, one after the other.

    Raises: UserError, when a file cannot be read, or there is no text in them.
    """
    lines = [line for file in files for line in iterate_lines(Path(file))]
    if not any(line.strip() for line in lines):
        raise UserError("there is no text in the file", where=files[0], hint="expected plain text")
    return Text(lines, files[0] if len(files) == 1 else f"{files[0]} and {len(files) - 1} more")


def as_tokens(text: Text, tokeniser: Tokeniser, data: DataSettings) -> Tokens:
    """The text as ids: a document a line between BOS and EOS, or all lines as one.

    Raises: UserError, when there are not two tokens in it.
    """
    if data.documents == "line":
        lines = [line for line in text.lines if line.strip()]
        encoded = [document(ids) for ids in tokeniser.encode_all(lines)]
        return Tokens(encoded, sum(map(len, lines)) + len(lines))
    breaks = data.text.tokeniser == "character"
    ids = _stream(text.lines, tokeniser, breaks=breaks)
    if len(ids) < 2:
        raise UserError("there are not two tokens in this text", where=text.where, hint="give more text")
    first = len(tokeniser.decode(ids[:1].tolist())) if int(ids[0]) != EOS else 1
    return Tokens([ids], text.characters - first)


def _stream(lines: Sequence[str], tokeniser: Tokeniser, *, breaks: bool) -> Ids:
    """All lines as ids in one row; where the tokeniser has no line breaks, EOS stands for them."""
    parts: list[Ids] = []
    for start in range(0, len(lines), _PIECE):
        some = lines[start : start + _PIECE]
        if breaks:
            parts.append(np.array(tokeniser.encode("\n".join(some) + "\n"), dtype=np.int64))
        else:
            parts += [np.array([*ids, EOS], dtype=np.int64) for ids in tokeniser.encode_all(list(some))]
    return np.concatenate(parts)


def text_for_learning(text: Text, data: DataSettings) -> Iterable[str]:
    """What a tokeniser is learnt from: lines, with their ends where those are tokens of the text."""
    breaks = data.documents == "file" and data.text.tokeniser == "character"
    return [f"{line}\n" for line in text.lines] if breaks else text.lines


def opening(tokeniser: Tokeniser, data: DataSettings) -> int:
    """The token that a line begins after: BOS where lines are documents, else the end of the line before."""
    if data.documents == "line":
        return BOS
    return tokeniser.encode("\n")[0] if data.text.tokeniser == "character" else EOS
