"""Text as a language model reads it: files to documents, documents to ids, and the tokens that text opens with.

Where the tokeniser keeps no line breaks (words and subwords), EOS stands for each: a continuation ends with its line.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from heedful.data.bucket import Plan, Share
from heedful.data.stream import Ids, Segment, StreamPlan, TextWindows, collate_segments, split_tokens, with_boundaries
from heedful.data.text import iterate_lines
from heedful.data.tokenise import Tokeniser
from heedful.errors import UserError
from heedful.shapes import BOS, EOS, UNK
from heedful.task.hold_out import HeldOut
from heedful.task.language_model.config import TextSettings
from heedful.train import Ranks, TrainSettings

_PIECE = 1 << 16  # lines made ids at a time, so that lists of Python numbers stay small


@dataclass(frozen=True)
class Text:
    """The lines of some files, without their ends, where they came from, and which line each file begins with."""

    lines: list[str]
    where: str
    begins: tuple[int, ...] = (0,)

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

    def runs(self, window: int, context: int) -> list[Segment]:
        """The text cut to be scored: every token that can be asked for exactly once."""
        return [run for ids in self.documents for run in split_tokens(ids, window, context=context)]


@dataclass(frozen=True)
class Windows:
    """One long text as examples to learn from: windows of it, cut at other places each epoch."""

    ids: Ids
    window: int
    counted: str = "tokens"

    def plan(self, settings: TrainSettings, ranks: Ranks) -> Plan:
        """Which windows make a batch of ``train.tokens`` tokens."""
        tokens, seed = settings.tokens, settings.seed
        return StreamPlan(
            self.ids, window=self.window, tokens=tokens, seed=seed, rank=ranks.rank, world=ranks.world
        )  # fmt: skip

    def collate(self, share: Share) -> Any:
        """The tensors of this process's share of a batch."""
        return collate_segments(TextWindows(self.ids, self.window), share.rows, all_rows=share.all_rows)


def read_text(files: Sequence[Path]) -> Text:
    """Reads all files, one after the other.

    Raises: UserError, when a file cannot be read, or there is no text in them.
    """
    lines: list[str] = []
    begins: list[int] = []
    for file in files:
        begins.append(len(lines))
        lines += iterate_lines(file)
    if not any(line.strip() for line in lines):
        raise UserError("there is no text in the file", where=str(files[0]), hint="expected plain text")
    return Text(lines, str(files[0]) if len(files) == 1 else f"{files[0]} and {len(files) - 1} more", tuple(begins))


def hold_end_out(text: Text, data: TextSettings) -> HeldOut[Text]:
    """A text without its end, the end of `data.hold_out` to validate on, and a line that says so; so of each file.

    Counted are lines where each is a document, blank ones not, else characters: then whole lines are taken, but a line
    that would make the end twice too long is cut.
    Raises: UserError, when one of the two has no text.
    """
    by_line = data.documents == "line"
    kept: list[str] = []
    held: list[str] = []
    for first, last in pairwise((*text.begins, len(text.lines))):
        own = text.lines[first:last]
        train, valid = (_last_lines if by_line else _last_characters)(own, data.hold_out)
        kept, held = kept + train, held + valid
    if not all(any(line.strip() for line in part) for part in (kept, held)):
        hint = "give text to validate on with --valid"
        raise UserError("this text is too short to hold its end out for validation", where=text.where, hint=hint)
    train, valid = Text(kept, text.where), Text(held, text.where)
    sizes = [sum(bool(line.strip()) for line in one.lines) if by_line else one.characters for one in (valid, text)]
    counted = f"the last {sizes[0]:,} of {sizes[1]:,} {'lines' if by_line else 'characters'}"
    whose = "the training text" if len(text.begins) == 1 else "each training text"
    return HeldOut(train, valid, f"validation: {counted} of {whose}, held out")


def _last_lines(lines: Sequence[str], share: float) -> tuple[list[str], list[str]]:
    """The first lines, and the share of those that are not blank that comes last."""
    places = [place for place, line in enumerate(lines) if line.strip()]
    count = min(len(places) - 1, max(1, round(share * len(places))))
    start = places[-count] if count > 0 else len(lines)
    return list(lines[:start]), list(lines[start:])


def _last_characters(lines: Sequence[str], share: float) -> tuple[list[str], list[str]]:
    """The first lines, and the fewest last ones that hold a share of all characters."""
    wanted = share * sum(len(line) + 1 for line in lines)
    start, held = len(lines), 0
    while held < wanted:
        start -= 1
        held += len(lines[start]) + 1
    spare = round(held - wanted)  # characters of the first line held out that need not be
    if start and spare <= wanted:
        return list(lines[:start]), list(lines[start:])
    line = lines[start] if lines else ""
    return [*lines[:start], line[:spare]], [line[spare:], *lines[start + 1 :]]


def as_tokens(text: Text, tokeniser: Tokeniser, data: TextSettings) -> Tokens:
    """The text as ids: a document a line between BOS and EOS, or all lines as one.

    Raises: UserError, when there are not two tokens in it.
    """
    if data.documents == "line":
        lines = [line for line in text.lines if line.strip()]
        encoded = [with_boundaries(ids) for ids in tokeniser.encode_all(lines)]
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


def text_for_learning(text: Text, data: TextSettings) -> Iterable[str]:
    """What a tokeniser is learnt from: lines, with their ends where those are tokens of the text."""
    breaks = data.documents == "file" and data.text.tokeniser == "character"
    return [f"{line}\n" for line in text.lines] if breaks else text.lines


def opening(tokeniser: Tokeniser, data: TextSettings) -> int:
    """The token that a line begins after: BOS where lines are documents, else the end of the line before."""
    if data.documents == "line":
        return BOS
    return tokeniser.encode("\n")[0] if data.text.tokeniser == "character" else EOS
