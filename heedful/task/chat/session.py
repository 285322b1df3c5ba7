"""A conversation in progress, and the commands that a person may type."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from heedful.data.dialogue import Turn
from heedful.data.dialogue.turn import FIRST, SECOND
from heedful.errors import UserError, did_you_mean
from heedful.task.chat.partner import Partner, Reply

PERSON, MACHINE = FIRST, SECOND
"""The two speakers; the person begins."""


@dataclass(frozen=True)
class Manner:
    """How replies are found; None means as the settings say. A reply after n turns is sampled with `seed` + n."""

    beam: int | None = None
    temperature: float | None = None
    seed: int | None = None


@dataclass(frozen=True)
class Talk:
    """The turns so far, oldest first, and the last reply."""

    turns: tuple[Turn, ...] = ()
    last: Reply | None = None

    def heard(self, text: str) -> "Talk":
        """The talk with a turn of the person added."""
        return replace(self, turns=(*self.turns, Turn(text, PERSON)))

    def answered(self, reply: Reply) -> "Talk":
        """The talk with a reply of the machine added."""
        return Talk((*self.turns, Turn(reply.text, MACHINE)), reply)


def respond(partner: Partner, talk: Talk, text: str, *, manner: Manner) -> Talk:
    """The talk with a person's turn and the reply to it added."""
    heard = talk.heard(text)
    # A different seed for each reply: with the same one, equal contexts would always get the same words.
    seed = None if manner.seed is None else manner.seed + len(talk.turns)
    reply = partner.predict([heard.turns], beam=manner.beam, temperature=manner.temperature, seed=seed)[0]
    return heard.answered(reply)


@dataclass(frozen=True)
class Order:
    """The effect of a command: the new talk, lines to print, whether to draw the last map, and whether to quit."""

    talk: Talk
    lines: tuple[str, ...] = ()
    draws: bool = False
    leaves: bool = False


def obey(talk: Talk, typed: str) -> Order:
    """The effect of a command, such as "/reset", on a talk.

    Raises: UserError, for an unknown command; suggests the closest one.
    """
    name = typed.split(maxsplit=1)[0]
    if name not in COMMANDS:
        raise UserError(f"no command is called {name!r}", hint=did_you_mean(name, COMMANDS))
    return COMMANDS[name][1](talk)


def is_command(typed: str) -> bool:
    """Whether a line is a command rather than a turn."""
    return typed.startswith("/")


def _attention(talk: Talk) -> Order:
    if talk.last is None:
        return Order(talk, ("nothing was said yet",))
    if talk.last.words is None:
        return Order(talk, ("there is nothing to draw: the reply is empty, or this model has no attention",))
    return Order(talk, draws=True)


def _history(talk: Talk) -> Order:
    names = {PERSON: "you", MACHINE: "it"}
    lines = tuple(f"{names[turn.speaker]:>3}: {turn.text}" for turn in talk.turns)
    return Order(talk, lines or ("nothing was said yet",))


def _help(talk: Talk) -> Order:
    lines = (f"{name:<11} {summary}" for name, (summary, _) in COMMANDS.items())
    return Order(talk, (*lines, "any other line is a turn; Ctrl-D also quits"))


COMMANDS: Mapping[str, tuple[str, Callable[[Talk], Order]]] = {
    "/attention": ("the attention of the last reply over the words before it", _attention),
    "/history": ("the conversation so far", _history),
    "/reset": ("start a new conversation", lambda talk: Order(Talk(), ("forgotten",))),
    "/help": ("show this list", _help),
    "/quit": ("quit", lambda talk: Order(talk, leaves=True)),
}
"""The closed table of commands: the summary and the function of each."""
