"""Texts as a classifier reads them: sentences of ids, cut to what it may read, with the number of their label."""

from collections.abc import Mapping, Sequence
from itertools import islice

from heedful.data.document import UNLABELLED, Document
from heedful.data.labelled import Labelled
from heedful.data.sentence import iterate_sentences
from heedful.data.tokenise import Tokeniser
from heedful.errors import UserError


def as_document(text: str, tokeniser: Tokeniser, *, longest: int, label: int = UNLABELLED) -> tuple[Document, bool]:
    """A text as ids, one list a sentence, and whether it was cut after `longest` tokens.

    No more of a long text is looked at than may be read.
    """
    kept: list[list[int]] = []
    room = longest
    for sentence in iterate_sentences(text):
        ids = tokeniser.encode(sentence)
        if ids[:room]:
            kept.append(ids[:room])
        if len(ids) > room:
            return Document(kept, label), True
        room -= len(ids)
    return Document(kept or [[]], label), False


def typed_in(text: str, tokeniser: Tokeniser, *, longest: int) -> list[str]:
    """What was typed at each token of the document that `as_document` makes, sentence after sentence."""
    typed = (piece for sentence in iterate_sentences(text) for piece in tokeniser.surface_pieces(sentence))
    return list(islice(typed, longest))


def find_labels(texts: Sequence[Labelled]) -> tuple[str, ...]:
    """The classes of training texts, numbers in their order and words in that of the alphabet.

    Raises: UserError, when all texts have the same label.
    """
    labels = sorted({one.label for one in texts}, key=_label_order)
    if len(labels) < 2:
        raise UserError(
            f"all training texts have the label {labels[0]!r}, so that there is nothing to tell apart",
            where=texts[0].where,
            hint="give texts of two classes or more; is the column of labels the right one (data.label_column)?",
        )
    return tuple(labels)


def label_numbers(texts: Sequence[Labelled], labels: Sequence[str]) -> tuple[list[int], str | None]:
    """The number of each text's label, `UNLABELLED` for one that training has not shown, and a word about those.

    Raises: UserError, when no text has a known label: then they are written in another way.
    """
    numbers: Mapping[str, int] = {label: number for number, label in enumerate(labels)}
    found = [numbers.get(one.label, UNLABELLED) for one in texts]
    strange = [one for one, number in zip(texts, found, strict=True) if number == UNLABELLED]
    if not strange:
        return found, None
    first = strange[0]
    if len(strange) == len(texts):
        shown = ", ".join(map(repr, labels[:10]))
        raise UserError(
            f"none of {len(texts)} texts has a label of training; the first is {first.label!r}",
            where=first.where,
            hint=f"training has {shown}{' and others' if len(labels) > 10 else ''}: write them alike",
        )
    kinds = sorted({one.label for one in strange})
    return found, (
        f"{len(strange)} of {len(texts)} texts have a label that training has not shown "
        f"({', '.join(map(repr, kinds[:5]))}; the first is {first.where}): they count as answered wrong"
    )


def _label_order(label: str) -> tuple[bool, float, str]:
    try:
        return False, float(label), label
    except ValueError:
        return True, 0.0, label
