"""Reads the format of the dialog bAbI tasks: numbered lines of what user and bot say, and facts from a knowledge base.

Source: Bordes, Boureau, Weston 2017 (arXiv:1605.07683).
"""

import re
from collections.abc import Iterable, Iterator
from itertools import chain, groupby

from heedful.data.dialogue.turn import KB, Dialogue, Turn
from heedful.data.pairs import single_line
from heedful.data.text import shortened
from heedful.errors import UserError

USER, BOT = "user", "bot"

_NUMBERED = re.compile(r"([0-9]+) (.*)", re.DOTALL)
_FACT = re.compile(r"[0-9]+(?: [^\s]+){3}\s*")
_EXAMPLE = "for example '1 hello', tab, 'how may I help'; or a fact, '2 rome_inn R_phone 12345'"


def detect_babi(lines: Iterable[str]) -> tuple[bool, Iterator[str]]:
    """Whether text is in this format, and an iterator over all of its lines; reads no further than needed to tell.

    The format is recognised by the first line that is not a fact: it begins with a number and contains a tab. Plain
    text with a tab is an error in any case, so nothing readable as plain text is mistaken for this format.
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
    """Dialogues from lines "number user TAB bot"; a blank line or the number 1 starts the next dialogue.

    A line without a tab is a fact of three words, "number entity relation value" (or "number api_call no result").
    Consecutive facts form one turn of the speaker `KB`. Replies are the bot's turns. "<SILENCE>" is an ordinary turn.

    Raises: UserError with file:line, for a line with a missing or wrong number, or of another form.
    """
    turns: list[Turn] = []
    number = 0
    for line_number, line in enumerate(lines, start=1):
        where = f"{path}:{line_number}"
        if line.strip():
            content, starts_dialogue = _after_number(line, number + 1, where)
            if starts_dialogue and turns:
                yield _dialogue(turns)
            # A dialogue may follow another without a blank line: the number 1 tells.
            turns, number = ([], 1) if starts_dialogue else (turns, number + 1)
            turns += _turns(content, where)
        else:
            if turns:
                yield _dialogue(turns)
            turns, number = [], 0
    if turns:
        yield _dialogue(turns)


def _dialogue(turns: list[Turn]) -> Dialogue:
    """A dialogue in which consecutive facts are joined into one turn."""
    joined: list[Turn] = []
    for speaker, run in groupby(turns, key=lambda turn: turn.speaker):
        # What was looked up at once is one turn, however many lines the file needs for it.
        consecutive = list(run)
        if speaker == KB:
            joined.append(Turn(" ".join(turn.text for turn in consecutive), KB, consecutive[0].where))
        else:
            joined += consecutive
    return Dialogue(tuple(joined), joined[0].where, repliers=frozenset({BOT}))


def _after_number(line: str, expected: int, where: str) -> tuple[str, bool]:
    """A line without its number, and whether it starts a dialogue."""
    match = _NUMBERED.fullmatch(line)
    if not match:
        raise UserError(f"expected a number and a space before {shortened(line)!r}", where=where, hint=_EXAMPLE)
    number, content = match.groups()
    if number not in ("1", str(expected)):
        numbers = "1, which starts a dialogue" if expected == 1 else f"{expected}, or 1 to start another dialogue"
        hint = "is a line missing?" if expected > 1 else "a blank line ends a dialogue"
        raise UserError(f"expected number {numbers}, found {shortened(number)}", where=where, hint=hint)
    return content, number == "1"


def _turns(content: str, where: str) -> list[Turn]:
    """The two turns of a line, or the single turn of a fact."""
    parts = content.split("\t")
    if len(parts) == 2:
        return [Turn(single_line(text), speaker, where) for text, speaker in zip(parts, (USER, BOT), strict=True)]
    if len(parts) > 2:
        actual = f"found {len(parts) - 1} in {shortened(content)!r}"
        raise UserError(f"expected one tab, between user and bot, {actual}", where=where, hint=_EXAMPLE)
    if len(content.split()) != 3:
        actual = f"found {shortened(content.strip())!r}"
        raise UserError(f"expected a tab, or a fact of three words, {actual}", where=where, hint=_EXAMPLE)
    return [Turn(single_line(content), KB, where)]
