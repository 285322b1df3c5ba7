"""Dialogues: readers, turns and speaker marks, the context of a reply, and checks of a file.

`read_dialogues` reads files into `Dialogue`s; `prepare_replies` makes one example of each reply. `MarkedTokeniser` adds
the marks that open a turn, and `ContextLimit` says how much of the preceding dialogue is read.
"""

from heedful.data.dialogue.candidates import read_candidates
from heedful.data.dialogue.context import Context, ContextLimit, EncodedTurn, encode_turns
from heedful.data.dialogue.mark import ROLES, MarkedTokeniser
from heedful.data.dialogue.prepare import PreparedReplies, Replies, prepare_replies
from heedful.data.dialogue.read import read_contexts, read_dialogues
from heedful.data.dialogue.report import check_dialogues
from heedful.data.dialogue.turn import Dialogue, Exchange, Turn, alternating_turns, exchanges, next_speaker
from heedful.deprecation import Renamed, deprecated_attribute

__all__ = [
    "ROLES",
    "Context",
    "ContextLimit",
    "Dialogue",
    "EncodedTurn",
    "Exchange",
    "MarkedTokeniser",
    "PreparedReplies",
    "Replies",
    "Turn",
    "alternating_turns",
    "check_dialogues",
    "encode_turns",
    "exchanges",
    "next_speaker",
    "prepare_replies",
    "read_candidates",
    "read_contexts",
    "read_dialogues",
]

_RENAMED = {
    "Spoken": Renamed(f"{__name__}:EncodedTurn", f"{__name__}.EncodedTurn"),
    "Window": Renamed(f"{__name__}:ContextLimit", f"{__name__}.ContextLimit"),
    "by_turns": Renamed(f"{__name__}:alternating_turns", f"{__name__}.alternating_turns"),
    "replier": Renamed(f"{__name__}:next_speaker", f"{__name__}.next_speaker"),
    "spoken": Renamed(f"{__name__}:encode_turns", f"{__name__}.encode_turns"),
}


def __getattr__(name: str) -> object:
    """Old names, with a warning (PEP 562)."""
    return deprecated_attribute(__name__, name, _RENAMED)
