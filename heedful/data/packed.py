"""Many documents in little memory: the token ids of all of them in one array."""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, overload

import numpy as np

from heedful.data.document import Document

Ids = np.ndarray[Any, np.dtype[np.int32]]
Positions = np.ndarray[Any, np.dtype[np.int64]]


class PackedDocuments(Sequence[Document]):
    """A sequence of documents that is stored as arrays; each document is made when it is asked for.

    A title of ten words takes about 70 bytes, instead of 400 as a `Document` of lists. `lengths` holds the number of
    tokens of each document as `Document.length` states it, and `labels` its class.

    >>> documents = PackedDocuments([Document([[5, 6], [7]], 2), Document([[]])])
    >>> documents[0], documents[-1], documents.lengths.tolist()
    (Document(sentences=[[5, 6], [7]], label=2), Document(sentences=[[]], label=-1), [3, 1])
    """

    def __init__(self, documents: Iterable[Document]) -> None:
        # `array` grows in place; a list of ints would hold a pointer of 8 bytes for each token.
        tokens, sentences, labels = array("i"), array("i"), array("i")
        token_starts, sentence_starts = array("q", [0]), array("q", [0])
        for document in documents:
            for sentence in document.sentences:
                tokens.extend(sentence)
                sentences.append(len(sentence))
            token_starts.append(len(tokens))
            sentence_starts.append(len(sentences))
            labels.append(document.label)
        self._tokens, self._sentences = _view(tokens, np.int32), _view(sentences, np.int32)
        self._token_starts, self._sentence_starts = _view(token_starts, np.int64), _view(sentence_starts, np.int64)
        self.labels: Ids = _view(labels, np.int32)

    @property
    def lengths(self) -> Positions:
        """The number of tokens of each document, at least 1."""
        return np.maximum(1, np.diff(self._token_starts))

    def __len__(self) -> int:
        return len(self.labels)

    @overload
    def __getitem__(self, index: int) -> Document: ...
    @overload
    def __getitem__(self, index: slice) -> list[Document]: ...
    def __getitem__(self, index: int | slice) -> Document | list[Document]:
        if isinstance(index, slice):
            return [self[row] for row in range(*index.indices(len(self)))]
        row = range(len(self))[index]  # negative indices, and IndexError for those out of range
        sizes = self._sentences[self._sentence_starts[row] : self._sentence_starts[row + 1]].tolist()
        ids: list[int] = self._tokens[self._token_starts[row] : self._token_starts[row + 1]].tolist()
        if len(sizes) == 1:
            return Document([ids], int(self.labels[row]))
        return Document(list(_split(ids, sizes)), int(self.labels[row]))


def document_lengths(documents: Sequence[Document]) -> list[int]:
    """The number of tokens of each document."""
    if isinstance(documents, PackedDocuments):
        return documents.lengths.tolist()
    return [document.length for document in documents]


def document_labels(documents: Sequence[Document]) -> list[int]:
    """The class of each document."""
    return documents.labels.tolist() if isinstance(documents, PackedDocuments) else [d.label for d in documents]


def _split(ids: list[int], sizes: list[int]) -> Iterator[list[int]]:
    start = 0
    for size in sizes:
        yield ids[start : start + size]
        start += size


def _view(values: "array[int]", kind: type[np.int32] | type[np.int64]) -> Any:
    """The memory of an array as NumPy's; an empty array has none to share."""
    return np.frombuffer(values, dtype=kind) if values else np.zeros(0, dtype=kind)
