"""Labelled texts, sentence by sentence, as ids and as batches."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice

import numpy as np
import torch
from jaxtyping import Int64
from torch import Tensor

from heedful.data.batch import padded
from heedful.data.sentence import iterate_sentences
from heedful.data.tokenise import Tokeniser
from heedful.shapes import UNK

UNLABELLED = -1
"""The label of a document that has none: it counts for no loss."""


@dataclass(frozen=True, slots=True)
class Document:
    """The ids of a text, one list a sentence (a flat text is one sentence), and its class from 0, or `UNLABELLED`."""

    sentences: list[list[int]]
    label: int = UNLABELLED

    @property
    def length(self) -> int:
        """Tokens in all. A document without any is read as one unknown word."""
        return max(1, sum(map(len, self.sentences)))


@dataclass(frozen=True)
class DocumentBatch:
    """Documents side by side. B rows, S tokens of the longest, N sentences of the one with most.

    `tokens` are a document's sentences one after the other, PAD beyond; `sentences` says how many tokens each has, 0
    for one without any and beyond the last, so that its rows sum to `lengths`. `rows` says which documents these are.
    `tokens_total` counts the labelled documents of the WHOLE batch over all ranks: a step's loss is the sum over
    documents divided by it.
    """

    tokens: Int64[Tensor, "B S"]
    lengths: Int64[Tensor, " B"]
    sentences: Int64[Tensor, "B N"]
    labels: Int64[Tensor, " B"]
    rows: list[int]
    tokens_total: int

    def to(self, device: torch.device | str, non_blocking: bool = False) -> "DocumentBatch":
        """The same batch on another device."""
        return replace(
            self, **{name: tensor.to(device, non_blocking=non_blocking) for name, tensor in self._tensors().items()}
        )

    def pin_memory(self) -> "DocumentBatch":
        """The same batch in page-locked memory, from where a GPU copies faster."""
        return replace(self, **{name: tensor.pin_memory() for name, tensor in self._tensors().items()})

    def _tensors(self) -> dict[str, Tensor]:
        return {name: value for name, value in vars(self).items() if isinstance(value, Tensor)}


def collate_documents(
    documents: Sequence[Document], rows: Sequence[int] | None = None, *, everyone: Sequence[int] | None = None
) -> DocumentBatch:
    """Puts the given rows of `documents` (all without `rows`) side by side.

    `everyone` names the rows of the whole batch over all ranks, when `rows` is one rank's share of it. A rank whose
    share is empty gets a copy of the batch's first document without its label: it takes part in the step, as collective
    operations ask for, and adds nothing to loss or gradients.

    Raises: ValueError, when there is no row at all.
    """
    rows = list(range(len(documents)) if rows is None else rows)
    whole = rows if everyone is None else everyone
    if not whole:
        raise ValueError("a batch needs at least one row")
    total = sum(documents[row].label != UNLABELLED for row in whole)
    if not rows:
        blank = replace(documents[whole[0]], label=UNLABELLED)
        return replace(_side_by_side([blank]), rows=[], tokens_total=total)
    return replace(_side_by_side([documents[row] for row in rows]), rows=rows, tokens_total=total)


def _side_by_side(documents: Sequence[Document]) -> DocumentBatch:
    """All of them, as if they were the whole batch."""
    texts = [one.sentences if any(one.sentences) else [[UNK]] for one in documents]
    tokens, lengths = padded([list(chain.from_iterable(sentences)) for sentences in texts])
    counts = np.zeros((len(texts), max(map(len, texts))), dtype=np.int64)  # PAD is 0 too, but these are no tokens
    for row, sentences in enumerate(texts):
        counts[row, : len(sentences)] = [len(sentence) for sentence in sentences]
    labels = torch.tensor([one.label for one in documents])
    return DocumentBatch(
        tokens, lengths, torch.from_numpy(counts), labels, rows=list(range(len(documents))), tokens_total=len(documents)
    )


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
    typed = (piece for sentence in iterate_sentences(text) for piece in tokeniser.typed(sentence))
    return list(islice(typed, longest))
