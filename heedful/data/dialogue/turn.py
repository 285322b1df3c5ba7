"""Dialogues as values: turns, their speakers, and which of them are replies."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from heedful.errors import UserError, did_you_mean

FIRST, SECOND = "1", "2"
"""The names given to unnamed speakers, who alternate."""

KB = "kb"
"""The speaker of facts from a knowledge base: its turns are read, and are never replies."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What one speaker says at once, and the "file:line" it came from."""

    text: str
    speaker: str
    where: str = ""


@dataclass(frozen=True, slots=True)
class Dialogue:
    """Turns in the order in which they were spoken.

    Turns before index `first_reply` are context only: in a file of contexts and replies these are all but the last. The
    very first turn is never a reply. `repliers` are the speakers whose turns are replies (None: everyone but `KB`).
    """

    turns: tuple[Turn, ...]
    where: str
    first_reply: int = 1
    repliers: frozenset[str] | None = None

    def is_reply(self, turn: Turn, learn: str | None) -> bool:
        """Whether the turn's speaker is the one to learn from: `learn`, or any of the `repliers` if it is None."""
        if learn is not None:
            return turn.speaker == learn
        return turn.speaker != KB if self.repliers is None else turn.speaker in self.repliers


@dataclass(frozen=True, slots=True)
class Exchange:
    """The turn at `index` of a dialogue, as the reply to all turns before it."""

    dialogue: Dialogue
    index: int

    @property
    def reply(self) -> Turn:
        """The turn that replies."""
        return self.dialogue.turns[self.index]

    @property
    def context(self) -> tuple[Turn, ...]:
        """The turns before it, oldest first."""
        return self.dialogue.turns[: self.index]


def exchanges(dialogues: Iterable[Dialogue], learn: str | None = None) -> list[Exchange]:
    """One exchange per reply; with `learn`, per turn of that speaker.

    Raises: UserError, when no speaker is called `learn`.
    """
    replies: list[Exchange] = []
    speakers: set[str] = set()
    for dialogue in dialogues:
        speakers.update(turn.speaker for turn in dialogue.turns)
        replies += [
            Exchange(dialogue, index)
            # The first turn replies to nothing.
            for index in range(max(1, dialogue.first_reply), len(dialogue.turns))
            if dialogue.is_reply(dialogue.turns[index], learn)
        ]
    if learn is not None and learn not in speakers:
        raise UserError(f"no speaker is called {learn!r}", hint=did_you_mean(learn, speakers))
    return replies


def alternating_turns(texts: Sequence[str], locations: Sequence[str], *, ending: str | None = None) -> tuple[Turn, ...]:
    """Texts as turns of two alternating speakers; `ending` is the speaker of the last, else `FIRST` begins."""
    names = (FIRST, SECOND)
    # Speakers alternate backwards from the last turn, whose speaker is known.
    shift = 0 if ending is None else names.index(ending) - (len(texts) - 1)
    pairs = zip(texts, locations, strict=True)
    return tuple(Turn(text, names[(index + shift) % 2], where) for index, (text, where) in enumerate(pairs))


def next_speaker(context: Sequence[Turn]) -> str:
    """Who replies to a context: the most recent speaker other than that of the last turn; never `KB`.

    If the context has a single speaker, `FIRST` or `SECOND` replies, whichever is not that speaker.
    """
    speakers = [turn.speaker for turn in context if turn.speaker != KB]
    if not speakers:
        return SECOND
    last = speakers[-1]
    candidates = (speaker for speaker in reversed(speakers) if speaker != last)
    return next(candidates, FIRST if last == SECOND else SECOND)
