"""Dialogues as they stand in a file: turns, who speaks them, and which of them reply to what came before."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from heedful.errors import UserError, did_you_mean

FIRST, SECOND = "1", "2"
"""The names of speakers that a file does not name: they speak in turn, and the first speaks first."""

KB = "kb"
"""The speaker of what was looked up: it is read, but it replies to nobody."""


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
    last are. The first turn of all answers nothing. `repliers` are those whose turns are replies, unless somebody is
    asked for by name (None: everybody but `KB`).
    """

    turns: tuple[Turn, ...]
    where: str
    first_reply: int = 1
    repliers: frozenset[str] | None = None

    def is_reply(self, turn: Turn, learn: str | None) -> bool:
        """Whether a turn is of a speaker whose replies are wanted: `learn`, or without one the `repliers`."""
        if learn is not None:
            return turn.speaker == learn
        return turn.speaker != KB if self.repliers is None else turn.speaker in self.repliers


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
    """One exchange for each turn that replies to those before it; with `learn`, for each turn of that speaker.

    Raises: UserError, when no dialogue has a speaker called `learn`.
    """
    found: list[Exchange] = []
    speakers: set[str] = set()
    for dialogue in dialogues:
        speakers.update(turn.speaker for turn in dialogue.turns)
        found += [
            Exchange(dialogue, place)
            for place in range(max(1, dialogue.first_reply), len(dialogue.turns))
            if dialogue.is_reply(dialogue.turns[place], learn)
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
    """Who is to reply: the last one to have spoken who is not the speaker of the last turn; never `KB`.

    Where only one has spoken it is the other of two unnamed ones, or somebody new.
    """
    speakers = [turn.speaker for turn in context if turn.speaker != KB]
    if not speakers:
        return SECOND
    last = speakers[-1]
    others = (speaker for speaker in reversed(speakers) if speaker != last)
    return next(others, FIRST if last == SECOND else SECOND)
