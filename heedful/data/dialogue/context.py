"""What a model reads of a dialogue before it replies: the last turns, each opened by its mark, within a limit."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from heedful.data.dialogue.mark import ROLES, MarkedTokeniser
from heedful.data.dialogue.turn import Turn


class Spoken(NamedTuple):
    """A turn as ids, and its speaker."""

    ids: list[int]
    speaker: str


class Context(NamedTuple):
    """Ids of the turns before a reply, and whether the limit of tokens has cut off their beginning."""

    ids: list[int]
    is_cut: bool


@dataclass(frozen=True)
class Window:
    """How much of a dialogue is read: at most the last `turns` (None: all), and of these at most `tokens`.

    Marks count as tokens. What is too much is cut off at the front, token by token; a turn that was cut still has its
    mark.
    """

    turns: int | None
    tokens: int

    def read(self, turns: Sequence[Spoken], end: int, *, replier: str, tokeniser: MarkedTokeniser) -> Context:
        """What is read of the first `end` turns before `replier` speaks, oldest turn first.

        Time and memory do not grow with what is left out.

        An other speaker's number is that of others who have spoken since, so that it depends on what is read alone.
        """
        read: list[list[int]] = []
        others: list[str] = []
        room = self.tokens
        first = 0 if self.turns is None else max(0, end - self.turns)
        for place in range(end - 1, first - 1, -1):
            ids, speaker = turns[place]
            mark = tokeniser.mark(_role(speaker, replier, others))
            if len(ids) >= room:
                read += [[mark, *ids[len(ids) - room + 1 :]]] if room > 1 else []
                return Context([token for turn in reversed(read) for token in turn], is_cut=True)
            read.append([mark, *ids])
            room -= len(ids) + 1
        return Context([token for turn in reversed(read) for token in turn], is_cut=False)


def spoken(turns: Sequence[Turn], tokeniser: MarkedTokeniser) -> list[Spoken]:
    """Turns as ids."""
    encoded = tokeniser.encode_all([turn.text for turn in turns])
    return [Spoken(ids, turn.speaker) for ids, turn in zip(encoded, turns, strict=True)]


def _role(speaker: str, replier: str, others: list[str]) -> int:
    """The part of a speaker; `others` are those met so far, the latest to speak first, and grow."""
    if speaker == replier:
        return 0
    if speaker not in others:
        others.append(speaker)
    return min(1 + others.index(speaker), len(ROLES) - 1)
