"""The format of the dialog bAbI tasks: numbered lines of what user and bot say, and facts that were looked up.

Source: Bordes, Boureau, Weston 2017 (arXiv:1605.07683).
"""

import re
from collections.abc import Iterable, Iterator
from itertools import chain, groupby

from heedful.data.dialogue.turn import KB, Dialogue, Turn
from heedful.data.pairs import tidy
from heedful.data.text import shortened
from heedful.errors import UserError

USER, BOT = "user", "bot"

_NUMBERED = re.compile(r"([0-9]+) (.*)", re.DOTALL)
_FACT = re.compile(r"[0-9]+(?: [^\s]+){3}\s*")
_EXAMPLE = "for example '1 hello', tab, 'how may I help'; or a fact, '2 rome_inn R_phone 12345'"


def told_apart(lines: Iterable[str]) -> tuple[bool, Iterator[str]]:
    """Whether text is of this format, and all of its lines, of which no more is read than it takes to tell.

    It is, where the first line that is no fact begins with a number and has a tab. Plain text has no tabs, so that
    nothing which could be read as such is taken for the other.
    """
    lines = iter(lines)
    head: list[str] = []
    for line in lines:
        head.append(line)
        if line.strip() and not _FACT.fullmatch(line):
            break
    is_babi = bool(head) and bool(_NUMBERED.fullmatch(head[-1])) and "\t" in head[-1].strip()
    return is_babi, chain(head, lines)


def babi_dialogues(lines: Iterable[str], path: str) -> Iterator[Dialogue]:
    """Dialogues of lines "number user TAB bot", which a blank line or the number 1 parts.

    A line without a tab is a fact of three words, "number entity relation value"; facts in a row are one turn of the
    speaker `KB`, as "number api_call no result" is. Replies are the bot's turns. "<SILENCE>" is a turn as any other.

    Raises: UserError with file:line, for a line without its number, or of another form.
    """
    turns: list[Turn] = []
    number = 0
    for place, line in enumerate(lines, start=1):
        where = f"{path}:{place}"
        if line.strip():
            said, begins = _after_number(line, number + 1, where)
            if begins and turns:
                yield _dialogue(turns)
            turns, number = ([], 1) if begins else (turns, number + 1)
            turns += _turns(said, where)
        else:
            if turns:
                yield _dialogue(turns)
            turns, number = [], 0
    if turns:
        yield _dialogue(turns)


def _dialogue(turns: list[Turn]) -> Dialogue:
    """A dialogue, its facts in a row joined."""
    joined: list[Turn] = []
    for speaker, run in groupby(turns, key=lambda turn: turn.speaker):
        own = list(run)
        joined += [Turn(" ".join(turn.text for turn in own), KB, own[0].where)] if speaker == KB else own
    return Dialogue(tuple(joined), joined[0].where, repliers=frozenset({BOT}))


def _after_number(line: str, expected: int, where: str) -> tuple[str, bool]:
    """A line without its number, and whether it begins a dialogue."""
    found = _NUMBERED.fullmatch(line)
    if not found:
        raise UserError(f"expected a number and a space before {shortened(line)!r}", where=where, hint=_EXAMPLE)
    number, said = found.groups()
    if number not in ("1", str(expected)):
        wanted = "1, which begins a dialogue" if expected == 1 else f"{expected}, or 1 of another dialogue"
        hint = "is a line missing?" if expected > 1 else "a blank line ends a dialogue"
        raise UserError(f"expected number {wanted}, found {shortened(number)}", where=where, hint=hint)
    return said, number == "1"


def _turns(said: str, where: str) -> list[Turn]:
    """The two turns of a line, or the one of a fact."""
    parts = said.split("\t")
    if len(parts) == 2:
        return [Turn(tidy(text), speaker, where) for text, speaker in zip(parts, (USER, BOT), strict=True)]
    if len(parts) > 2:
        found = f"found {len(parts) - 1} in {shortened(said)!r}"
        raise UserError(f"expected one tab, between what user and bot say, {found}", where=where, hint=_EXAMPLE)
    if len(said.split()) != 3:
        found = f"found {shortened(said.strip())!r}"
        raise UserError(f"expected a tab, or a fact of three words, {found}", where=where, hint=_EXAMPLE)
    return [Turn(tidy(said), KB, where)]
