"""Encodes sentence pairs for training, leaves out those it cannot use, and says which."""

from collections.abc import Sequence
from dataclasses import dataclass

from heedful.data.batch import Example
from heedful.data.pairs import Pair
from heedful.data.tokenise import Tokeniser
from heedful.errors import UserError


@dataclass(frozen=True)
class Prepared:
    """The examples for training, and what was left out.

    `pairs[i]` is the text of `examples[i]`. `empty` and `too_long` list the "file:line" of each pair left out.
    `warnings` are lines to print; there are none when nothing was left out.
    """

    examples: list[Example]
    pairs: list[Pair]
    empty: list[str]
    too_long: list[str]
    warnings: list[str]


def prepare(pairs: Sequence[Pair], source: Tokeniser, target: Tokeniser, *, max_length: int) -> Prepared:
    """Encodes pairs for training, without those that have an empty side or more than `max_length` pieces on one.

    Raises: UserError, when no pair is left.
    """
    sources = source.encode_all([pair.source for pair in pairs])
    targets = target.encode_all([pair.target for pair in pairs])
    examples: list[Example] = []
    kept: list[Pair] = []
    empty: list[str] = []
    too_long: list[str] = []
    for pair, source_ids, target_ids in zip(pairs, sources, targets, strict=True):
        if not source_ids or not target_ids:
            empty.append(pair.where)
        elif max(len(source_ids), len(target_ids)) > max_length:
            too_long.append(pair.where)
        else:
            examples.append(Example(source_ids, target_ids))
            kept.append(pair)
    if not examples:
        hint = f"{len(empty)} have an empty side, {len(too_long)} are longer than {max_length} pieces"
        raise UserError(f"none of {len(pairs)} sentence pairs can be used", hint=hint)
    reasons = ((empty, "have an empty side"), (too_long, f"have more than {max_length} pieces on a side"))
    warnings = [_warning(locations, len(pairs), reason) for locations, reason in reasons if locations]
    return Prepared(examples, kept, empty, too_long, warnings)


def _warning(locations: list[str], total: int, reason: str) -> str:
    count, first = len(locations), locations[0]
    return f"left out of training: {count} of {total} sentence pairs, which {reason}; the first is {first}"
