"""Dialogues: readers, turns and speaker marks, the context of a reply, and checks of a file.

`read_dialogues` reads files into `Dialogue`s; `prepare_replies` makes one example of each reply. `MarkedTokeniser` adds
the marks that open a turn, and `ContextLimit` says how much of the preceding dialogue is read.
"""

import warnings

from heedful.data.dialogue.candidates import read_candidates
from heedful.data.dialogue.context import Context, ContextLimit, EncodedTurn, encode_turns
from heedful.data.dialogue.mark import ROLES, MarkedTokeniser
from heedful.data.dialogue.prepare import PreparedReplies, Replies, prepare_replies
from heedful.data.dialogue.read import read_contexts, read_dialogues
from heedful.data.dialogue.report import check_dialogues
from heedful.data.dialogue.turn import Dialogue, Exchange, Turn, alternating_turns, exchanges, next_speaker

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
    "Spoken": "EncodedTurn",
    "Window": "ContextLimit",
    "by_turns": "alternating_turns",
    "replier": "next_speaker",
    "spoken": "encode_turns",
}


def __getattr__(name: str) -> object:
    """Names of the previous release, which warn and lead to the new ones."""
    if name not in _RENAMED:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    warnings.warn(f"{__name__}.{name} is now called {_RENAMED[name]}", DeprecationWarning, stacklevel=2)
    return globals()[_RENAMED[name]]
