"""Lines that tell how many examples have something in common, and where the first one stands."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")

_NAMED = 5  # labels that a line names


def count_note(places: Sequence[str], total: int, what: str) -> list[str]:
    """The line "3 of 40 pairs are empty; the first is a.tsv:7" for `what` "pairs are empty"; none without places."""
    return [f"{len(places)} of {total} {what}; the first is {places[0]}"] if places else []


def once_note(labels: Iterable[str], what: str) -> list[str]:
    """A line about labels that one example alone has: these can be learned by heart, but not checked."""
    alone = sorted(label for label, count in Counter(labels).items() if count == 1)
    if not alone:
        return []
    others = " and others" if len(alone) > _NAMED else ""
    return [f"training: one {what} only of {', '.join(map(repr, alone[:_NAMED]))}{others}"]


def repeats(items: Iterable[T], key: Callable[[T], Hashable]) -> Iterator[tuple[T, T]]:
    """The items that are the same as an earlier one by `key`, each with the first such item."""
    first: dict[Hashable, T] = {}
    for item in items:
        earlier = first.setdefault(key(item), item)
        if earlier is not item:
            yield item, earlier
