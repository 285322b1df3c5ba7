"""Documents in batches: sentences behind each other, blanks, shares of a batch."""

import pytest
import torch

from heedful.data import UNLABELLED, Document, collate_documents
from heedful.shapes import PAD, UNK

DOCUMENTS = [
    Document([[4, 5], [6, 7, 8]], 1),
    Document([[9]], 0),
    Document([], 2),
    Document([[4], [], [5]], UNLABELLED),
    Document([[], []], 1),
]


def test_sentences_stand_one_after_the_other() -> None:
    batch = collate_documents(DOCUMENTS)
    assert batch.tokens.tolist() == [
        [4, 5, 6, 7, 8],
        [9, PAD, PAD, PAD, PAD],
        [UNK, PAD, PAD, PAD, PAD],
        [4, 5, PAD, PAD, PAD],
        [UNK, PAD, PAD, PAD, PAD],
    ]
    assert batch.sentences.tolist() == [[2, 3, 0], [1, 0, 0], [1, 0, 0], [1, 0, 1], [1, 0, 0]]
    assert batch.lengths.tolist() == [5, 1, 1, 2, 1]
    assert batch.sentences.sum(1).equal(batch.lengths)
    assert batch.labels.tolist() == [1, 0, 2, -1, 1]
    assert (batch.rows, batch.tokens_total) == ([0, 1, 2, 3, 4], 4)
    assert [document.length for document in DOCUMENTS] == batch.lengths.tolist()


def test_ranks_share_a_batch() -> None:
    first = collate_documents(DOCUMENTS, [1], all_rows=[1, 0])
    second = collate_documents(DOCUMENTS, [0], all_rows=[1, 0])
    assert (first.rows, second.rows) == ([1], [0])
    assert first.tokens_total == second.tokens_total == 2


def test_a_rank_without_a_row_gets_a_blank_one_that_counts_for_nothing() -> None:
    blank = collate_documents(DOCUMENTS, [], all_rows=[0])
    assert blank.tokens.tolist() == [[4, 5, 6, 7, 8]]
    assert blank.labels.tolist() == [UNLABELLED]
    assert (blank.rows, blank.tokens_total) == ([], 1)


def test_a_batch_without_rows_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one row"):
        collate_documents(DOCUMENTS, [])


def test_a_batch_moves_as_a_whole() -> None:
    batch = collate_documents(DOCUMENTS).to("meta")
    assert {batch.tokens.device, batch.lengths.device, batch.sentences.device, batch.labels.device} == {
        torch.device("meta")
    }
