"""Text as a language model reads it: reading files, holding text out, and encoding it as ids.

Tokenisers for words and subwords have no token for a line break. EOS stands for it, so that a continuation ends with
its line.
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

_LINES = 1 << 16  # lines encoded at a time, since lists of Python numbers take far more memory than arrays


@dataclass(frozen=True)
class Text:
    """The lines of files without line breaks, the files' names, and the index of the first line of each file."""

    lines: list[str]
    where: str
    begins: tuple[int, ...] = (0,)

    @property
    def characters(self) -> int:
        """The number of characters; a line break counts as one."""
        return sum(map(len, self.lines)) + len(self.lines)


@dataclass(frozen=True, eq=False)
class Tokens:
    """A text as ids: documents with their boundary tokens, and the number of characters that can be scored."""

    documents: list[Ids]
    characters: int

    @property
    def unknown(self) -> float:
        """The fraction of unknown tokens."""
        unknown = sum(int((ids == UNK).sum()) for ids in self.documents)
        return unknown / max(1, sum(map(len, self.documents)))

    def runs(self, window: int, context: int) -> list[Segment]:
        """The text cut into windows to be scored: each token is a target exactly once."""
        return [run for ids in self.documents for run in split_tokens(ids, window, context=context)]


@dataclass(frozen=True)
class WindowedText:
    """One long text as training examples: windows, cut at different positions each epoch."""

    ids: Ids
    window: int
    counted: str = "tokens"

    def plan(self, settings: TrainSettings, ranks: Ranks) -> Plan:
        """Batches of windows with ``train.tokens`` tokens each."""
        tokens, seed = settings.tokens, settings.seed
        return StreamPlan(
            self.ids, window=self.window, tokens=tokens, seed=seed, rank=ranks.rank, world=ranks.world
        )  # fmt: skip

    def collate(self, share: Share) -> Any:
        """The tensors of this process's share of a batch."""
        return collate_segments(TextWindows(self.ids, self.window), share.rows, all_rows=share.all_rows)


def read_text(files: Sequence[Path]) -> Text:
    """Reads all files and joins them in order.

    Raises: UserError, when a file cannot be read, or all are empty.
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
    """Holds out the share ``data.hold_out`` at the end of each file.

    If lines are documents, the share is one of lines that are not blank. Otherwise it is one of characters: whole lines
    are held out, except that a line that would more than double the share is cut.
    Raises: UserError, when either part would have no text.
    """
    by_line = data.documents == "line"
    kept: list[str] = []
    held: list[str] = []
    for first, last in pairwise((*text.begins, len(text.lines))):
        of_file = text.lines[first:last]
        train, valid = (_last_lines if by_line else _last_characters)(of_file, data.hold_out)
        kept, held = kept + train, held + valid
    if not all(any(line.strip() for line in part) for part in (kept, held)):
        hint = "give text to validate on with --valid"
        raise UserError("this text is too short to hold its end out for validation", where=text.where, hint=hint)
    train, valid = Text(kept, text.where), Text(held, text.where)
    sizes = [sum(bool(line.strip()) for line in part.lines) if by_line else part.characters for part in (valid, text)]
    counted = f"the last {sizes[0]:,} of {sizes[1]:,} {'lines' if by_line else 'characters'}"
    whose = "the training text" if len(text.begins) == 1 else "each training text"
    return HeldOut(train, valid, f"validation: {counted} of {whose}, held out")


def _last_lines(lines: Sequence[str], share: float) -> tuple[list[str], list[str]]:
    """The first lines, and the last ones with a share of the lines that are not blank."""
    filled = [index for index, line in enumerate(lines) if line.strip()]
    # At least one line is held out and at least one stays, unless there is only one.
    count = min(len(filled) - 1, max(1, round(share * len(filled))))
    start = filled[-count] if count > 0 else len(lines)
    return list(lines[:start]), list(lines[start:])


def _last_characters(lines: Sequence[str], share: float) -> tuple[list[str], list[str]]:
    """The first lines, and the fewest last ones that have a share of all characters."""
    needed = share * sum(len(line) + 1 for line in lines)
    start, held = len(lines), 0
    while held < needed:
        start -= 1
        held += len(lines[start]) + 1
    spare = round(held - needed)  # characters of the first held-out line that exceed the share
    if start and spare <= needed:
        return list(lines[:start]), list(lines[start:])
    # The line is cut: it would more than double the share, or is the first line, so that nothing would be left.
    line = lines[start] if lines else ""
    return [*lines[:start], line[:spare]], [line[spare:], *lines[start + 1 :]]


def as_tokens(text: Text, tokeniser: Tokeniser, data: TextSettings) -> Tokens:
    """Encodes a text: each line as a document between BOS and EOS, or all lines as one document.

    Raises: UserError, when it has fewer than two tokens.
    """
    if data.documents == "line":
        lines = [line for line in text.lines if line.strip()]
        encoded = [with_boundaries(ids) for ids in tokeniser.encode_all(lines)]
        return Tokens(encoded, sum(map(len, lines)) + len(lines))
    breaks = data.text.tokeniser == "character"
    ids = _stream(text.lines, tokeniser, breaks=breaks)
    if len(ids) < 2:
        raise UserError("this text has fewer than two tokens", where=text.where, hint="give more text")
    # The first token is never a target, so its characters do not count.
    first = len(tokeniser.decode(ids[:1].tolist())) if int(ids[0]) != EOS else 1
    return Tokens([ids], text.characters - first)


def _stream(lines: Sequence[str], tokeniser: Tokeniser, *, breaks: bool) -> Ids:
    """All lines as one sequence of ids; EOS stands for line breaks unless the tokeniser has `breaks`."""
    parts: list[Ids] = []
    for start in range(0, len(lines), _LINES):
        chunk = lines[start : start + _LINES]
        if breaks:
            parts.append(np.array(tokeniser.encode("\n".join(chunk) + "\n"), dtype=np.int64))
        else:
            parts += [np.array([*ids, EOS], dtype=np.int64) for ids in tokeniser.encode_all(list(chunk))]
    return np.concatenate(parts)


def text_for_learning(text: Text, data: TextSettings) -> Iterable[str]:
    """The texts that a tokeniser is learnt from: lines, with line breaks if the tokeniser has a token for them."""
    breaks = data.documents == "file" and data.text.tokeniser == "character"
    return [f"{line}\n" for line in text.lines] if breaks else text.lines


def opening(tokeniser: Tokeniser, data: TextSettings) -> int:
    """The token before the first one of a line: BOS if lines are documents, else the line break."""
    if data.documents == "line":
        return BOS
    return tokeniser.encode("\n")[0] if data.text.tokeniser == "character" else EOS
