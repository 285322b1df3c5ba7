"""A talk in progress: what was said, what is said next, and the commands that a person may type."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from heedful.data.dialogue import Turn
from heedful.data.dialogue.turn import FIRST, SECOND
from heedful.errors import UserError, did_you_mean
from heedful.task.chat.partner import Partner, Reply

PERSON, MACHINE = FIRST, SECOND
"""Who is who in a talk: the person begins."""


@dataclass(frozen=True)
class Manner:
    """How replies are found; None is as the settings say. Reply number n is drawn with seed `seed` + n."""

    beam: int | None = None
    temperature: float | None = None
    seed: int | None = None


@dataclass(frozen=True)
class Talk:
    """What was said so far, oldest first, and the last reply."""

    turns: tuple[Turn, ...] = ()
    last: Reply | None = None

    def heard(self, text: str) -> "Talk":
        """The talk after the person has said something."""
        return replace(self, turns=(*self.turns, Turn(text, PERSON)))

    def answered(self, reply: Reply) -> "Talk":
        """The talk after the machine has replied."""
        return Talk((*self.turns, Turn(reply.text, MACHINE)), reply)


def respond(partner: Partner, talk: Talk, text: str, *, manner: Manner) -> Talk:
    """The talk after a person's turn and the reply to it, which is the last of its turns."""
    heard = talk.heard(text)
    seed = None if manner.seed is None else manner.seed + len(talk.turns)
    reply = partner.predict([heard.turns], beam=manner.beam, temperature=manner.temperature, seed=seed)[0]
    return heard.answered(reply)


@dataclass(frozen=True)
class Order:
    """What a command does: the talk after it, lines to show, whether the last map is shown, whether to leave."""

    talk: Talk
    lines: tuple[str, ...] = ()
    draws: bool = False
    leaves: bool = False


def obey(talk: Talk, typed: str) -> Order:
    """What a command, such as "/reset", does to a talk.

    Raises: UserError for an unknown command, with the likeliest.
    """
    name = typed.split(maxsplit=1)[0]
    if name not in COMMANDS:
        raise UserError(f"no command is called {name!r}", hint=did_you_mean(name, COMMANDS))
    return COMMANDS[name][1](talk)


def is_command(typed: str) -> bool:
    """Whether a line is a command and not a turn."""
    return typed.startswith("/")


def _attention(talk: Talk) -> Order:
    if talk.last is None:
        return Order(talk, ("nothing was said yet",))
    if talk.last.words is None:
        return Order(talk, ("there is nothing to draw: the reply is empty, or this model does not look",))
    return Order(talk, draws=True)


def _history(talk: Talk) -> Order:
    names = {PERSON: "you", MACHINE: "it"}
    lines = tuple(f"{names[turn.speaker]:>3}: {turn.text}" for turn in talk.turns)
    return Order(talk, lines or ("nothing was said yet",))


def _help(talk: Talk) -> Order:
    lines = (f"{name:<11} {says}" for name, (says, _) in COMMANDS.items())
    return Order(talk, (*lines, "anything else is said to the machine; Ctrl-D leaves, too"))


COMMANDS: Mapping[str, tuple[str, Callable[[Talk], Order]]] = {
    "/attention": ("where the last reply looked, over the words of what was said", _attention),
    "/history": ("what was said so far", _history),
    "/reset": ("forget what was said", lambda talk: Order(Talk(), ("forgotten",))),
    "/help": ("these lines", _help),
    "/quit": ("leave", lambda talk: Order(talk, leaves=True)),
}
"""The closed table of commands: what each says of itself, and what it does."""
