"""Documents: labelled texts as token ids per sentence, and batches of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice

import numpy as np
import torch
from jaxtyping import Int64
from torch import Tensor

from heedful.data.batch import padded
from heedful.data.sentence import iterate_sentences
from heedful.data.tensors import TensorBatch, share_of
from heedful.data.tokenise import Tokeniser
from heedful.shapes import UNK

UNLABELLED = -1
"""The label of a document without one; it contributes nothing to the loss."""


@dataclass(frozen=True, slots=True)
class Document:
    """Token ids of a text, one list per sentence (a flat text is one sentence), and its class index or `UNLABELLED`."""

    sentences: list[list[int]]
    label: int = UNLABELLED

    @property
    def length(self) -> int:
        """The number of tokens; at least 1, since an empty document is read as one unknown word."""
        return max(1, sum(map(len, self.sentences)))


@dataclass(frozen=True)
class DocumentBatch(TensorBatch):
    """Documents as padded tensors. B rows, S tokens of the longest, N the largest number of sentences.

    A row of `tokens` holds a document's sentences one after the other, then PAD. `sentences` holds the number of
    tokens of each sentence (0 for an empty one and after the last), so its rows sum to `lengths`. `rows` are the
    indices of the documents. `tokens_total` counts the labelled documents of the whole batch over all ranks; a step
    divides its summed loss by it.
    """

    tokens: Int64[Tensor, "B S"]
    lengths: Int64[Tensor, " B"]
    sentences: Int64[Tensor, "B N"]
    labels: Int64[Tensor, " B"]
    rows: list[int]
    tokens_total: int


def collate_documents(
    documents: Sequence[Document], rows: Sequence[int] | None = None, *, all_rows: Sequence[int] | None = None
) -> DocumentBatch:
    """Collates the documents at the indices `rows` (default: all) into one padded batch.

    `all_rows` are the indices of the whole batch over all ranks, when `rows` is one rank's share of it. A rank whose
    share is empty gets a copy of the batch's first document without its label. It then takes part in the step, as
    collective operations require, and contributes nothing to the loss or the gradients.

    Raises: ValueError, when `rows` and `all_rows` are empty.
    """
    rows, whole = share_of(len(documents), rows, all_rows)
    chosen = [documents[row] for row in rows]
    # With one process the share is the whole batch, and packed documents need not be made a second time.
    of_all = chosen if whole == rows else [documents[row] for row in whole]
    total = sum(document.label != UNLABELLED for document in of_all)
    if not rows:
        blank = replace(documents[whole[0]], label=UNLABELLED)
        return replace(_padded_batch([blank]), rows=[], tokens_total=total)
    return replace(_padded_batch(chosen), rows=rows, tokens_total=total)


def _padded_batch(documents: Sequence[Document]) -> DocumentBatch:
    """All of the documents, as if they were the whole batch."""
    # A model cannot attend to nothing, so an empty document is read as one unknown word.
    texts = [document.sentences if any(document.sentences) else [[UNK]] for document in documents]
    tokens, lengths = padded([list(chain.from_iterable(sentences)) for sentences in texts])
    counts = np.zeros((len(texts), max(map(len, texts))), dtype=np.int64)
    for row, sentences in enumerate(texts):
        counts[row, : len(sentences)] = [len(sentence) for sentence in sentences]
    labels = torch.tensor([document.label for document in documents])
    return DocumentBatch(
        tokens, lengths, torch.from_numpy(counts), labels, rows=list(range(len(documents))), tokens_total=len(documents)
    )


def as_document(text: str, tokeniser: Tokeniser, *, longest: int, label: int = UNLABELLED) -> tuple[Document, bool]:
    """A text as ids, one list per sentence, and whether it was cut after `longest` tokens."""
    # Sentences are split lazily: of a very long text only the part that is kept is processed.
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
    """The original text of each token of the document that `as_document` makes, sentence after sentence."""
    pieces = (piece for sentence in iterate_sentences(text) for piece in tokeniser.surface_pieces(sentence))
    return list(islice(pieces, longest))
