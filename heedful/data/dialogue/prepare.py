"""Dialogues to examples of ids, one a reply, without those that training cannot use, and with a word about each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import overload

from heedful.data.batch import Example
from heedful.data.dialogue.context import Context, Spoken, Window, spoken
from heedful.data.dialogue.mark import MarkedTokeniser
from heedful.data.dialogue.turn import Dialogue, Exchange, exchanges
from heedful.errors import UserError


class Replies(Sequence[Example]):
    """Exchanges as examples: what is read before each reply, and the reply, both without EOS.

    A dialogue is kept once; what is read before a reply is put together when it is asked for, so that memory grows
    with the text and not with the contexts.
    """

    def __init__(self, found: Sequence[Exchange], tokeniser: MarkedTokeniser, window: Window) -> None:
        self.exchanges = found
        self._tokeniser, self._window = tokeniser, window
        self._spoken: dict[int, list[Spoken]] = {}
        for exchange in found:
            if id(exchange.dialogue) not in self._spoken:
                self._spoken[id(exchange.dialogue)] = spoken(exchange.dialogue.turns, tokeniser)

    def __len__(self) -> int:
        return len(self.exchanges)

    @overload
    def __getitem__(self, index: int) -> Example: ...
    @overload
    def __getitem__(self, index: slice) -> "Replies": ...
    def __getitem__(self, index: int | slice) -> "Example | Replies":
        if isinstance(index, slice):
            return self.only(range(len(self))[index])
        return Example(self.context(index).ids, self.reply(index))

    def __iter__(self) -> Iterator[Example]:
        return (self[index] for index in range(len(self)))

    def only(self, rows: Sequence[int]) -> "Replies":
        """Some of them, in the order given."""
        chosen = Replies([], self._tokeniser, self._window)
        chosen.exchanges, chosen._spoken = [self.exchanges[row] for row in rows], self._spoken
        return chosen

    def context(self, index: int) -> Context:
        """What is read before a reply."""
        exchange = self.exchanges[index]
        own = self._spoken[id(exchange.dialogue)]
        return self._window.read(own, exchange.place, replier=exchange.reply.speaker, tokeniser=self._tokeniser)

    def reply(self, index: int) -> list[int]:
        """The ids of a reply."""
        exchange = self.exchanges[index]
        return self._spoken[id(exchange.dialogue)][exchange.place].ids

    def has_words(self, context: Context) -> bool:
        """Whether there is anything to read but marks."""
        return not all(map(self._tokeniser.is_mark, context.ids))


@dataclass(frozen=True)
class PreparedReplies:
    """What training can use, and what it leaves out or cuts.

    Places "file:line": `alone` are dialogues of a single turn, `empty` exchanges without a word in the reply or in what
    is read before it, `too_long` replies over the limit, `cut` exchanges whose context the limit of tokens has cut;
    these alone stay in. `warnings` are ready to print, one line each.
    """

    examples: Replies
    alone: list[str] = field(default_factory=list[str])
    empty: list[str] = field(default_factory=list[str])
    too_long: list[str] = field(default_factory=list[str])
    cut: list[str] = field(default_factory=list[str])

    @property
    def warnings(self) -> list[str]:
        """A line for each kind of thing left out or cut."""
        reasons = (
            (self.alone, "left out: {} of a single turn, to which nothing replies", "dialogues"),
            (self.empty, "left out: {} with nothing in the reply or before it", "replies"),
            (self.too_long, "left out: {} that are too long", "replies"),
            (self.cut, "cut at the front: what is read before {}", "replies"),
        )
        return [
            f"{reason.format(f'{len(places)} {what}')}; the first is {places[0]}"
            for places, reason, what in reasons
            if places
        ]


def prepare_replies(
    dialogues: Sequence[Dialogue],
    tokeniser: MarkedTokeniser,
    window: Window,
    *,
    learn: str | None = None,
    max_reply: int,
) -> PreparedReplies:
    """Makes an example of each reply; leaves out what has no words, and replies of more than `max_reply` tokens.

    `learn` names the speaker whose replies are wanted (None: everybody's).
    Raises: UserError, when no reply is left, or nobody has that name.
    """
    replies = Replies(exchanges(dialogues, learn), tokeniser, window)
    alone = [dialogue.where for dialogue in dialogues if len(dialogue.turns) < 2]
    kept: list[int] = []
    empty: list[str] = []
    too_long: list[str] = []
    cut: list[str] = []
    for index, exchange in enumerate(replies.exchanges):
        where = exchange.reply.where or exchange.dialogue.where
        context = replies.context(index)
        if not replies.reply(index) or not replies.has_words(context):
            empty.append(where)
        elif len(replies.reply(index)) > max_reply:
            too_long.append(where)
        else:
            kept.append(index)
            cut += [where] if context.is_cut else []
    if not kept:
        hint = f"{len(alone)} have a single turn; of {len(replies)} replies {len(empty)} are without words or follow "
        hint += f"none, and {len(too_long)} are longer than {max_reply} tokens"
        raise UserError(f"there is no reply to learn in {len(dialogues)} dialogues", hint=hint)
    return PreparedReplies(replies.only(kept), alone, empty, too_long, cut)
