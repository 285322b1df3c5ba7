"""The context of a reply: the last turns of a dialogue, each with its speaker mark, within a limit."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from heedful.data.dialogue.mark import ROLES, MarkedTokeniser
from heedful.data.dialogue.turn import Turn


class EncodedTurn(NamedTuple):
    """A turn as token ids, and its speaker."""

    ids: list[int]
    speaker: str


class Context(NamedTuple):
    """Token ids of the turns before a reply, and whether the token limit cut off their beginning."""

    ids: list[int]
    is_cut: bool


@dataclass(frozen=True)
class ContextLimit:
    """How much of a dialogue is read: at most the last `turns` turns (None: all) and the last `tokens` tokens.

    Speaker marks count as tokens. The excess is cut off at the front, token by token; a turn that was cut keeps its
    mark.
    """

    turns: int | None
    tokens: int

    def read(self, turns: Sequence[EncodedTurn], end: int, *, next_speaker: str, tokeniser: MarkedTokeniser) -> Context:
        """The context in which `next_speaker` replies to the first `end` turns, oldest turn first.

        Time and memory do not grow with what is left out. Other speakers are numbered from the most recent one back, so
        that their marks depend only on what is read.
        """
        # Collected from the last turn backwards: it is the front that is cut off, and reading can stop there.
        read: list[list[int]] = []
        speakers: list[str] = []
        room = self.tokens
        first = 0 if self.turns is None else max(0, end - self.turns)
        for index in range(end - 1, first - 1, -1):
            ids, speaker = turns[index]
            mark = tokeniser.mark(_role(speaker, next_speaker, speakers))
            if len(ids) >= room:  # the mark takes one of the tokens that are left
                read += [[mark, *ids[len(ids) - room + 1 :]]] if room > 1 else []
                return Context([token for turn in reversed(read) for token in turn], is_cut=True)
            read.append([mark, *ids])
            room -= len(ids) + 1
        return Context([token for turn in reversed(read) for token in turn], is_cut=False)


def encode_turns(turns: Sequence[Turn], tokeniser: MarkedTokeniser) -> list[EncodedTurn]:
    """Turns as ids."""
    encoded = tokeniser.encode_all([turn.text for turn in turns])
    return [EncodedTurn(ids, turn.speaker) for ids, turn in zip(encoded, turns, strict=True)]


def _role(speaker: str, next_speaker: str, speakers: list[str]) -> int:
    """The index in `ROLES` of a speaker; adds one that is not in `speakers`, which lists the most recent first."""
    if speaker == next_speaker:
        return 0
    if speaker not in speakers:
        speakers.append(speaker)
    return min(1 + speakers.index(speaker), len(ROLES) - 1)
