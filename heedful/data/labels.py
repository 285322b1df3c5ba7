"""Labels of classes as numbers."""

import math
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Protocol, runtime_checkable

from heedful.data.document import UNLABELLED
from heedful.errors import UserError

_NAMED = 3  # groups of labels that a note names


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


def alike_labels(labels: Iterable[str]) -> list[str]:
    """Labels that a reader takes for one, such as "'pos' 120, 'Pos' 3", with the number of examples of each.

    They differ only in case, in white space, in invisible characters, or in how Unicode writes a letter: full-width, or
    as a letter and an accent. Each is a class of its own, most often by mistake.
    """
    by_look: dict[str, Counter[str]] = {}
    for label, count in Counter(labels).items():
        by_look.setdefault(_look(label), Counter())[label] = count
    groups = (group.most_common() for group in by_look.values() if len(group) > 1)
    return [", ".join(f"{_quoted(label)} {count}" for label, count in group) for group in groups]


def alike_note(labels: Iterable[str]) -> list[str]:
    """A note about labels that look alike; there is none without them."""
    alike = alike_labels(labels)
    if not alike:
        return []
    more = " and others" if len(alike) > _NAMED else ""
    return [f"training: labels that look alike are different classes: {'; '.join(alike[:_NAMED])}{more}"]


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


def _quoted(label: str) -> str:
    """A label as Python writes it; in ASCII where it has accents of their own, which look like part of the letter."""
    return repr(label) if unicodedata.is_normalized("NFC", label) else ascii(label)


def _look(label: str) -> str:
    """What is left of a label without the differences that a reader does not see."""
    # Normalised twice: in lower case, a few letters are spelt with an accent of their own again.
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", label).casefold())
    return " ".join("".join(letter for letter in plain if unicodedata.category(letter) != "Cf").split())


def _label_order(label: str) -> tuple[bool, float, str]:
    # Numbers sort by value: as text, "10" would come before "2".
    try:
        value = float(label)
    except ValueError:
        return True, 0.0, label
    # NaN is neither less nor greater than any number, so that the order would depend on where it began.
    return (True, 0.0, label) if math.isnan(value) else (False, value, label)
