"""What is in a file of dialogues, before anyone trains on it: counts, lengths, speakers, and what looks wrong."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from heedful.data.dialogue.context import Window
from heedful.data.dialogue.mark import MarkedTokeniser
from heedful.data.dialogue.prepare import Replies
from heedful.data.dialogue.turn import Dialogue, exchanges
from heedful.data.report import PERCENTILES, Fault, Side
from heedful.shapes import UNK

_SHOWN = 5  # places and speakers named


@dataclass(frozen=True)
class DialogueReport:
    """All that `check_dialogues` found.

    `speakers` are the most talkative with their numbers of turns. `contexts` and `replies` are in pieces, marks
    counted. `examples` are the pieces of the first few contexts and replies, with their places.
    """

    dialogues: int
    turns: int
    speakers: list[tuple[str, int]]
    contexts: Side
    replies: Side
    alone: Fault
    empty_turns: Fault
    empty_replies: Fault
    wordless: Fault
    echoes: Fault
    repeated: Fault
    further_back: Fault
    cut: Fault
    too_long: Fault
    examples: list[tuple[str, list[str], list[str]]]


def check_dialogues(
    dialogues: Sequence[Dialogue],
    tokeniser: MarkedTokeniser,
    window: Window,
    *,
    learn: str | None = None,
    max_reply: int,
) -> DialogueReport:
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
        return _fault([place for place, found in zip(places, test, strict=True) if found])

    return DialogueReport(
        dialogues=len(dialogues),
        turns=said.total(),
        speakers=said.most_common(_SHOWN),
        contexts=_side([context.ids for context in contexts], tokeniser),
        replies=_side([replies.reply(index) for index in indices], tokeniser),
        alone=_fault([dialogue.where for dialogue in dialogues if len(dialogue.turns) < 2]),
        empty_turns=_fault([turn.where for one in dialogues for turn in one.turns if not turn.text]),
        empty_replies=those([not replies.reply(index) for index in indices]),
        wordless=those([not replies.has_words(context) for context in contexts]),
        echoes=those([one.reply.text == one.dialogue.turns[one.place - 1].text != "" for one in replies.exchanges]),
        repeated=_repeated(places, replies),
        further_back=those([window.turns is not None and one.place > window.turns for one in replies.exchanges]),
        cut=those([context.is_cut for context in contexts]),
        too_long=those([len(replies.reply(index)) > max_reply for index in indices]),
        examples=[
            (places[index], tokeniser.pieces(contexts[index].ids), tokeniser.pieces(replies.reply(index)))
            for index in indices[:3]
        ],
    )


def _repeated(places: Sequence[str], replies: Replies) -> Fault:
    """Places whose context and reply were there before, each with where that was."""
    first: dict[tuple[tuple[int, ...], tuple[int, ...]], str] = {}
    twice: list[str] = []
    for place, example in zip(places, replies, strict=True):
        key = (tuple(example.source), tuple(example.target))
        if key in first:
            twice.append(f"{place} (as {first[key]})")
        first.setdefault(key, place)
    return _fault(twice)


def _side(found: Sequence[Sequence[int]], tokeniser: MarkedTokeniser) -> Side:
    lengths = sorted(map(len, found))
    percentiles = (
        tuple(lengths[round((len(lengths) - 1) * percent / 100)] for percent in PERCENTILES) if lengths else ()
    )
    total = sum(lengths)
    unknown = sum(identity == UNK for ids in found for identity in ids)
    return Side("pieces", total, percentiles, unknown / total if total else 0.0, [])


def _fault(places: list[str]) -> Fault:
    return Fault(len(places), places[:_SHOWN])
