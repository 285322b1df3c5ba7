"""What is in a file of dialogues, before anyone trains on it: speakers, lengths, and what looks wrong."""

from collections import Counter
from collections.abc import Sequence

from heedful.data.dialogue.context import Window
from heedful.data.dialogue.mark import MarkedTokeniser
from heedful.data.dialogue.prepare import Replies
from heedful.data.dialogue.turn import Dialogue, Exchange, exchanges
from heedful.data.report import Fault, Report, fault, side_of

_SPEAKERS = 5  # named, the most talkative first


def check_dialogues(
    dialogues: Sequence[Dialogue],
    tokeniser: MarkedTokeniser,
    window: Window,
    *,
    learn: str | None = None,
    max_reply: int,
) -> Report:
    """Looks through dialogues for what would hurt training.

    Faults: dialogues of a single turn; turns and replies without text; contexts without a word; replies that say again
    what was said last; replies seen before after the same context; contexts with more turns than are read; contexts
    cut at the limit of tokens; replies over `max_reply` tokens.
    Raises: UserError, when nobody is called `learn`.
    """
    replies = Replies(exchanges(dialogues, learn), tokeniser, window)
    indices = range(len(replies))
    places = [exchange.reply.where or exchange.dialogue.where for exchange in replies.exchanges]
    contexts = [replies.context(index) for index in indices]
    said = Counter(turn.speaker for dialogue in dialogues for turn in dialogue.turns)

    def those(test: Sequence[bool]) -> Fault:
        return fault([place for place, found in zip(places, test, strict=True) if found])

    facts = {
        "dialogues": Fault(len(dialogues), []),
        "turns": Fault(said.total(), [f"{name} {count}" for name, count in said.most_common(_SPEAKERS)]),
        "replies": Fault(len(replies), []),
        "dialogues of a single turn": fault([dialogue.where for dialogue in dialogues if len(dialogue.turns) < 2]),
        "empty turns": fault([turn.where for one in dialogues for turn in one.turns if not turn.text]),
        "empty replies": those([not replies.reply(index) for index in indices]),
        "nothing said before": those([not replies.has_words(context) for context in contexts]),
        "reply repeats the last turn": those([_echoes(one) for one in replies.exchanges]),
        "seen before": _repeated(places, replies),
        "more turns before than are read": those([_goes_back(one, window) for one in replies.exchanges]),
        "cut at the front": those([context.is_cut for context in contexts]),
        "too long to train on": those([len(replies.reply(index)) > max_reply for index in indices]),
    }
    before = [tokeniser.pieces(context.ids) for context in contexts]
    after = [tokeniser.pieces(replies.reply(index)) for index in indices]
    texts = [one.reply.text for one in replies.exchanges]
    told = [" ".join(turn.text for turn in dialogue.turns) for dialogue in dialogues]
    sides = {"context": side_of(told, before, tokeniser), "reply": side_of(texts, after, tokeniser)}
    shown = [(places[index], [" ".join(before[index][-60:]), " ".join(after[index][:60])]) for index in indices[:3]]
    return Report(sides, facts, shown)


def _echoes(exchange: Exchange) -> bool:
    return exchange.reply.text == exchange.dialogue.turns[exchange.place - 1].text != ""


def _goes_back(exchange: Exchange, window: Window) -> bool:
    return window.turns is not None and exchange.place > window.turns


def _repeated(places: Sequence[str], replies: Replies) -> Fault:
    """Places whose context and reply were there before, each with where that was."""
    first: dict[tuple[tuple[int, ...], tuple[int, ...]], str] = {}
    twice: list[str] = []
    for place, example in zip(places, replies, strict=True):
        key = (tuple(example.source), tuple(example.target))
        if key in first:
            twice.append(f"{place} (as {first[key]})")
        first.setdefault(key, place)
    return fault(twice)
