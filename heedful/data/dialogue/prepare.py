"""Makes one training example of each reply, leaves out those it cannot use, and says which."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import overload

from heedful.data.batch import Example
from heedful.data.dialogue.context import Context, ContextLimit, EncodedTurn, encode_turns
from heedful.data.dialogue.mark import MarkedTokeniser
from heedful.data.dialogue.turn import Dialogue, Exchange, exchanges
from heedful.errors import UserError


class Replies(Sequence[Example]):
    """A sequence of examples: the context of each reply and the reply, both without EOS.

    The turns of a dialogue are stored once, and a context is assembled when it is accessed. Memory thus grows with the
    text and not with the sum of the contexts, which is quadratic in the length of a dialogue.
    """

    def __init__(self, exchanges: Sequence[Exchange], tokeniser: MarkedTokeniser, limit: ContextLimit) -> None:
        self.exchanges = exchanges
        self._tokeniser, self._limit = tokeniser, limit
        # By identity: equal dialogues may occur twice, and hashing all of their turns would be slow.
        self._turns: dict[int, list[EncodedTurn]] = {}
        for exchange in exchanges:
            if id(exchange.dialogue) not in self._turns:
                self._turns[id(exchange.dialogue)] = encode_turns(exchange.dialogue.turns, tokeniser)

    def __len__(self) -> int:
        return len(self.exchanges)

    @overload
    def __getitem__(self, index: int) -> Example: ...
    @overload
    def __getitem__(self, index: slice) -> "Replies": ...
    def __getitem__(self, index: int | slice) -> "Example | Replies":
        if isinstance(index, slice):
            return self.subset(range(len(self))[index])
        return Example(self.context(index).ids, self.reply(index))

    def __iter__(self) -> Iterator[Example]:
        return (self[index] for index in range(len(self)))

    def subset(self, rows: Sequence[int]) -> "Replies":
        """The replies at the indices `rows`, in this order."""
        # Made empty and then filled: the turns are encoded already, and are shared.
        chosen = Replies([], self._tokeniser, self._limit)
        chosen.exchanges, chosen._turns = [self.exchanges[row] for row in rows], self._turns
        return chosen

    def context(self, index: int) -> Context:
        """The context of a reply."""
        exchange = self.exchanges[index]
        turns = self._turns[id(exchange.dialogue)]
        return self._limit.read(turns, exchange.index, next_speaker=exchange.reply.speaker, tokeniser=self._tokeniser)

    def reply(self, index: int) -> list[int]:
        """The token ids of a reply."""
        exchange = self.exchanges[index]
        return self._turns[id(exchange.dialogue)][exchange.index].ids

    def has_words(self, context: Context) -> bool:
        """Whether a context holds anything besides marks."""
        return not all(map(self._tokeniser.is_mark, context.ids))


@dataclass(frozen=True)
class PreparedReplies:
    """The examples for training, and the "file:line" of what was left out or cut.

    `single_turns`: dialogues of one turn. `empty`: exchanges without words in the reply or in its context. `too_long`:
    replies over the limit. `cut`: exchanges whose context was cut by the token limit; these are kept. `warnings` are
    lines to print.
    """

    examples: Replies
    single_turns: list[str] = field(default_factory=list[str])
    empty: list[str] = field(default_factory=list[str])
    too_long: list[str] = field(default_factory=list[str])
    cut: list[str] = field(default_factory=list[str])

    @property
    def warnings(self) -> list[str]:
        """One line for each reason for which something was left out or cut."""
        reasons = (
            (self.single_turns, "left out: {} of a single turn, which has no reply", "dialogues"),
            (self.empty, "left out: {} that are empty or follow only empty turns", "replies"),
            (self.too_long, "left out: {} that are too long", "replies"),
            (self.cut, "cut at the front: the context of {}", "replies"),
        )
        return [
            f"{reason.format(f'{len(locations)} {what}')}; the first is {locations[0]}"
            for locations, reason, what in reasons
            if locations
        ]


def prepare_replies(
    dialogues: Sequence[Dialogue],
    tokeniser: MarkedTokeniser,
    limit: ContextLimit,
    *,
    learn: str | None = None,
    max_reply: int,
) -> PreparedReplies:
    """Makes an example of each reply, without empty ones and those of more than `max_reply` tokens.

    `learn` names the speaker whose replies are learnt (None: those that the file's format defines).
    Raises: UserError, when no reply is left, or no speaker has that name.
    """
    replies = Replies(exchanges(dialogues, learn), tokeniser, limit)
    single_turns = [dialogue.where for dialogue in dialogues if len(dialogue.turns) < 2]
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
        hint = (
            f"{len(single_turns)} have a single turn; of {len(replies)} replies {len(empty)} are empty or follow only "
        )
        hint += f"empty turns, and {len(too_long)} are longer than {max_reply} tokens"
        raise UserError(f"there is no reply to learn in {len(dialogues)} dialogues", hint=hint)
    return PreparedReplies(replies.subset(kept), single_turns, empty, too_long, cut)
