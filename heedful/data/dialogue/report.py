"""Checks dialogues before training: speakers, lengths, and what looks wrong."""

from collections import Counter
from collections.abc import Sequence

from heedful.data.dialogue.context import ContextLimit
from heedful.data.dialogue.mark import MarkedTokeniser
from heedful.data.dialogue.prepare import Replies
from heedful.data.dialogue.turn import Dialogue, Exchange, exchanges
from heedful.data.labels import alike_labels
from heedful.data.report import Finding, Report, describe_texts, finding

_SPEAKERS = 5  # speakers to list, those with most turns first


def check_dialogues(
    dialogues: Sequence[Dialogue],
    tokeniser: MarkedTokeniser,
    limit: ContextLimit,
    *,
    learn: str | None = None,
    max_reply: int,
) -> Report:
    """Finds what would hurt training in dialogues.

    Reported are: dialogues of a single turn; turns and replies without text; contexts without words; replies that
    repeat the last turn; replies that occurred before after the same context; contexts with more turns than are read;
    contexts cut at the token limit; replies of more than `max_reply` tokens.
    Raises: UserError, when no speaker is called `learn`.
    """
    replies = Replies(exchanges(dialogues, learn), tokeniser, limit)
    indices = range(len(replies))
    locations = [exchange.reply.where or exchange.dialogue.where for exchange in replies.exchanges]
    contexts = [replies.context(index) for index in indices]
    turns = Counter(turn.speaker for dialogue in dialogues for turn in dialogue.turns)

    def where(flags: Sequence[bool]) -> Finding:
        return finding([location for location, flag in zip(locations, flags, strict=True) if flag])

    facts = {
        "dialogues": Finding(len(dialogues), []),
        "turns": Finding(turns.total(), [f"{name} {count}" for name, count in turns.most_common(_SPEAKERS)]),
        "replies": Finding(len(replies), []),
        "speakers that look alike": finding(alike_labels(turns.elements())),
        "dialogues of a single turn": finding([dialogue.where for dialogue in dialogues if len(dialogue.turns) < 2]),
        "empty turns": finding([turn.where for dialogue in dialogues for turn in dialogue.turns if not turn.text]),
        "empty replies": where([not replies.reply(index) for index in indices]),
        "nothing said before": where([not replies.has_words(context) for context in contexts]),
        "reply repeats the last turn": where([_echoes(exchange) for exchange in replies.exchanges]),
        "seen before": _repeated(locations, replies),
        "more turns before than are read": where([_exceeds(exchange, limit) for exchange in replies.exchanges]),
        "cut at the front": where([context.is_cut for context in contexts]),
        "too long to train on": where([len(replies.reply(index)) > max_reply for index in indices]),
    }
    before = [tokeniser.pieces(context.ids) for context in contexts]
    after = [tokeniser.pieces(replies.reply(index)) for index in indices]
    texts = [exchange.reply.text for exchange in replies.exchanges]
    dialogue_texts = [" ".join(turn.text for turn in dialogue.turns) for dialogue in dialogues]
    sides = {
        "context": describe_texts(dialogue_texts, before, tokeniser),
        "reply": describe_texts(texts, after, tokeniser),
    }
    shown = [(locations[index], [" ".join(before[index][-60:]), " ".join(after[index][:60])]) for index in indices[:3]]
    return Report(sides, facts, shown)


def _echoes(exchange: Exchange) -> bool:
    return exchange.reply.text == exchange.dialogue.turns[exchange.index - 1].text != ""


def _exceeds(exchange: Exchange, limit: ContextLimit) -> bool:
    return limit.turns is not None and exchange.index > limit.turns


def _repeated(locations: Sequence[str], replies: Replies) -> Finding:
    """Locations whose context and reply occurred before, each with where that was."""
    first: dict[tuple[tuple[int, ...], tuple[int, ...]], str] = {}
    twice: list[str] = []
    for location, example in zip(locations, replies, strict=True):
        key = (tuple(example.source), tuple(example.target))
        if key in first:
            twice.append(f"{location} (as {first[key]})")
        first.setdefault(key, location)
    return finding(twice)
