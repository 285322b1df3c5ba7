"""Labels of classes as numbers."""

from collections.abc import Iterable, Sequence
from typing import Protocol, runtime_checkable

from heedful.data.document import UNLABELLED
from heedful.errors import UserError


@runtime_checkable
class _Labelled(Protocol):
    """An example with its label as written, and the "file:line" it came from."""

    @property
    def label(self) -> str: ...
    @property
    def where(self) -> str: ...


def sorted_labels(labels: Iterable[str]) -> tuple[str, ...]:
    """The distinct labels: numbers first, in numerical order, then other labels in alphabetical order."""
    return tuple(sorted(set(labels), key=_label_order))


def class_numbers(examples: Sequence[_Labelled], labels: Sequence[str], what: str) -> tuple[list[int], str | None]:
    """The index of each example's label in `labels`, or `UNLABELLED`, and a note about labels that are not in it.

    `what` is what messages call the examples.
    Raises: UserError, when no example has a known label.
    """
    numbers = {label: number for number, label in enumerate(labels)}
    numbered = [numbers.get(example.label, UNLABELLED) for example in examples]
    unknown = [example for example, number in zip(examples, numbered, strict=True) if number == UNLABELLED]
    if not unknown:
        return numbered, None
    first = unknown[0]
    # A few new labels are normal. If all are new, the file most likely spells its labels differently.
    if len(unknown) == len(examples):
        known = ", ".join(map(repr, labels[:10]))
        raise UserError(
            f"none of {len(examples)} {what} has a label of training; the first is {first.label!r}",
            where=first.where,
            hint=f"expected the labels of training: {known}{' and others' if len(labels) > 10 else ''}",
        )
    new = sorted({example.label for example in unknown})
    return numbered, (
        f"{len(unknown)} of {len(examples)} {what} have a label that training has not seen "
        f"({', '.join(map(repr, new[:5]))}; the first is {first.where}): they count as errors"
    )


def _label_order(label: str) -> tuple[bool, float, str]:
    # Numbers sort by value: as text, "10" would come before "2".
    try:
        return False, float(label), label
    except ValueError:
        return True, 0.0, label
