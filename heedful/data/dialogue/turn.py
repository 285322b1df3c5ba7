"""Dialogues as they stand in a file: turns, who speaks them, and which of them reply to what came before."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from heedful.errors import UserError, did_you_mean

FIRST, SECOND = "1", "2"
"""The names of speakers that a file does not name: they speak in turn, and the first speaks first."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What one speaker says at a time, and the "file:line" it came from."""

    text: str
    speaker: str
    where: str = ""


@dataclass(frozen=True, slots=True)
class Dialogue:
    """Turns in the order in which they were spoken.

    Turns before number `first_reply` (from 0) are only read: of a file that gives contexts and replies, all but the
    last are. The first turn of all answers nothing.
    """

    turns: tuple[Turn, ...]
    where: str
    first_reply: int = 1


@dataclass(frozen=True, slots=True)
class Exchange:
    """One turn of a dialogue as the reply to all turns before it."""

    dialogue: Dialogue
    place: int

    @property
    def reply(self) -> Turn:
        """What is to be said."""
        return self.dialogue.turns[self.place]

    @property
    def context(self) -> tuple[Turn, ...]:
        """What was said before, oldest first."""
        return self.dialogue.turns[: self.place]


def exchanges(dialogues: Iterable[Dialogue], learn: str | None = None) -> list[Exchange]:
    """One exchange for each turn that has turns before it; with `learn`, of the turns of that speaker.

    Raises: UserError, when no dialogue has a speaker called `learn`.
    """
    found: list[Exchange] = []
    speakers: set[str] = set()
    for dialogue in dialogues:
        speakers.update(turn.speaker for turn in dialogue.turns)
        found += [
            Exchange(dialogue, place)
            for place in range(max(1, dialogue.first_reply), len(dialogue.turns))
            if learn is None or dialogue.turns[place].speaker == learn
        ]
    if learn is not None and learn not in speakers:
        raise UserError(f"no speaker is called {learn!r}", hint=did_you_mean(learn, speakers))
    return found


def by_turns(texts: Sequence[str], places: Sequence[str], *, ending: str | None = None) -> tuple[Turn, ...]:
    """Texts as turns of two speakers that take turns; `ending` says who speaks the last, else the first begins."""
    names = (FIRST, SECOND)
    shift = 0 if ending is None else names.index(ending) - (len(texts) - 1)
    pairs = zip(texts, places, strict=True)
    return tuple(Turn(text, names[(place + shift) % 2], where) for place, (text, where) in enumerate(pairs))


def replier(context: Sequence[Turn]) -> str:
    """Who is to reply: the last one to have spoken who is not the speaker of the last turn.

    Where only one has spoken it is the other of two unnamed ones, or somebody new.
    """
    if not context:
        return SECOND
    last = context[-1].speaker
    others = (turn.speaker for turn in reversed(context) if turn.speaker != last)
    return next(others, FIRST if last == SECOND else SECOND)
