"""Dialogues: readers, turns and their marks, what is read before a reply, and what looks wrong in a file.

Files become `Dialogue`s (`read_dialogues`), whose turns become examples, one a reply (`prepare_replies`); a
`MarkedTokeniser` has the marks that open a turn, a `Window` says how much of the past is read.
"""

from heedful.data.dialogue.candidates import read_candidates
from heedful.data.dialogue.context import Context, Spoken, Window, spoken
from heedful.data.dialogue.mark import ROLES, MarkedTokeniser
from heedful.data.dialogue.prepare import PreparedReplies, Replies, prepare_replies
from heedful.data.dialogue.read import read_contexts, read_dialogues
from heedful.data.dialogue.report import check_dialogues
from heedful.data.dialogue.turn import Dialogue, Exchange, Turn, by_turns, exchanges, replier

__all__ = [
    "ROLES",
    "Context",
    "Dialogue",
    "Exchange",
    "MarkedTokeniser",
    "PreparedReplies",
    "Replies",
    "Spoken",
    "Turn",
    "Window",
    "by_turns",
    "check_dialogues",
    "exchanges",
    "prepare_replies",
    "read_candidates",
    "read_contexts",
    "read_dialogues",
    "replier",
    "spoken",
]
