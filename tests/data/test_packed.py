"""Packed documents are the documents, in a fraction of the memory."""

import tracemalloc

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from heedful.data.document import Document, collate_documents
from heedful.data.packed import PackedDocuments, document_labels, document_lengths

SENTENCES = st.lists(st.lists(st.integers(0, 2**31 - 1), max_size=4), min_size=1, max_size=3)


@given(st.lists(st.tuples(SENTENCES, st.integers(-1, 40_000)), max_size=6))
def test_what_is_packed_comes_out_again(parts):
    documents = [Document(sentences, label) for sentences, label in parts]
    packed = PackedDocuments(iter(documents))
    assert list(packed) == documents
    assert len(packed) == len(documents)
    assert packed[1:] == documents[1:]
    assert document_lengths(packed) == document_lengths(documents) == [one.length for one in documents]
    assert document_labels(packed) == document_labels(documents) == [one.label for one in documents]
    if documents:
        assert packed[-1] == documents[-1]
    with pytest.raises(IndexError):
        packed[len(documents)]


def test_a_batch_of_packed_documents_is_that_of_documents():
    documents = [Document([[4, 5], [6]], 1), Document([[]], 0), Document([[7]], -1), Document([[8, 9, 4]], 2)]
    for rows, whole in (([0, 2], None), ([3, 1], [3, 0, 1]), ([], [2, 0]), (None, None)):
        plain, packed = (
            collate_documents(lot, rows, all_rows=whole) for lot in (documents, PackedDocuments(documents))
        )
        for name in ("tokens", "lengths", "sentences", "labels"):
            assert torch.equal(getattr(plain, name), getattr(packed, name)), name
        assert (plain.rows, plain.tokens_total) == (packed.rows, packed.tokens_total)


def test_a_title_takes_less_than_a_hundred_bytes():
    tracemalloc.start()
    packed = PackedDocuments(Document([list(range(1000, 1010))], 3) for _ in range(5000))
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(packed) == 5000
    assert held < 100 * 5000
