"""Notes about examples: how many have something in common, which labels occur once, and which items repeat."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")

_NAMED = 5  # labels that a note names


def count_note(locations: Sequence[str], total: int, what: str) -> list[str]:
    """A note such as "3 of 40 pairs are empty; the first is a.tsv:7", for `what` "pairs are empty".

    There is none without locations.
    """
    return [f"{len(locations)} of {total} {what}; the first is {locations[0]}"] if locations else []


def once_note(labels: Iterable[str], what: str) -> list[str]:
    """A note about labels with a single example: a model can memorise it, and no held-out example can test it."""
    single = sorted(label for label, count in Counter(labels).items() if count == 1)
    if not single:
        return []
    more = " and others" if len(single) > _NAMED else ""
    return [f"training: one {what} only of {', '.join(map(repr, single[:_NAMED]))}{more}"]


def repeats(items: Iterable[T], key: Callable[[T], Hashable]) -> Iterator[tuple[T, T]]:
    """The items whose `key` equals that of an earlier item, each with the first such item."""
    first: dict[Hashable, T] = {}
    for item in items:
        earlier = first.setdefault(key(item), item)
        if earlier is not item:
            yield item, earlier
