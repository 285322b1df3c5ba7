"""Labels of classes as numbers."""

from collections.abc import Iterable, Sequence
from typing import Protocol, runtime_checkable

from heedful.data.document import UNLABELLED
from heedful.errors import UserError


@runtime_checkable
class _Labelled(Protocol):
    """Something with a label as it was written, and the "file:line" it came from."""

    @property
    def label(self) -> str: ...
    @property
    def where(self) -> str: ...


def sorted_labels(labels: Iterable[str]) -> tuple[str, ...]:
    """Each label once: numbers in their order, then words in that of the alphabet."""
    return tuple(sorted(set(labels), key=_label_order))


def class_numbers(examples: Sequence[_Labelled], labels: Sequence[str], what: str) -> tuple[list[int], str | None]:
    """The number of each label among `labels`, `UNLABELLED` where it is not one of them, and a line about those.

    `what` the examples are called is for the messages.
    Raises: UserError, when no example has a known label: then they are written in another way.
    """
    numbers = {label: number for number, label in enumerate(labels)}
    found = [numbers.get(one.label, UNLABELLED) for one in examples]
    unknown = [one for one, number in zip(examples, found, strict=True) if number == UNLABELLED]
    if not unknown:
        return found, None
    first = unknown[0]
    if len(unknown) == len(examples):
        known = ", ".join(map(repr, labels[:10]))
        raise UserError(
            f"none of {len(examples)} {what} has a label of training; the first is {first.label!r}",
            where=first.where,
            hint=f"training has {known}{' and others' if len(labels) > 10 else ''}: write them alike",
        )
    kinds = sorted({one.label for one in unknown})
    return found, (
        f"{len(unknown)} of {len(examples)} {what} have a label that training has not shown "
        f"({', '.join(map(repr, kinds[:5]))}; the first is {first.where}): they count as answered wrong"
    )


def _label_order(label: str) -> tuple[bool, float, str]:
    try:
        return False, float(label), label
    except ValueError:
        return True, 0.0, label
