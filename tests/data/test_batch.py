"""A batch holds its sentences, padded, with BOS and EOS where the models expect them."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from heedful.data.batch import Example, PairBatch, collate, pad_sources
from heedful.shapes import BOS, EOS, PAD

IDS = st.lists(st.integers(4, 97), max_size=7)
SIDES = st.lists(st.tuples(IDS, IDS), min_size=1, max_size=5)


def rows_of(padded, lengths):
    return [row[:length].tolist() for row, length in zip(padded, lengths.tolist(), strict=True)]


@given(sides=SIDES)
def test_everything_is_in_its_place(sides):
    examples = [Example(*both) for both in sides]
    batch = collate(examples)
    assert rows_of(batch.source, batch.source_lengths) == [[*example.source, EOS] for example in examples]
    assert rows_of(batch.target_in, batch.target_lengths) == [[BOS, *example.target] for example in examples]
    assert rows_of(batch.target_out, batch.target_lengths) == [[*example.target, EOS] for example in examples]
    for padded, lengths in (
        (batch.source, batch.source_lengths),
        (batch.target_in, batch.target_lengths),
        (batch.target_out, batch.target_lengths),
    ):
        assert padded.dtype == torch.int64
        assert padded.shape == (len(examples), int(lengths.max()))
        assert int((padded != PAD).sum()) == int(lengths.sum())
    assert batch.tokens_total == int(batch.target_lengths.sum())


@given(sides=SIDES, data=st.data())
def test_shares_of_a_batch_make_up_the_whole(sides, data):
    examples = [Example(*both) for both in sides]
    everyone = data.draw(st.permutations(range(len(examples))))
    world = data.draw(st.integers(1, 7))
    shares = [collate(examples, everyone[rank::world], all_rows=everyone) for rank in range(world)]
    whole = collate(examples, everyone)
    assert {share.tokens_total for share in shares} == {whole.tokens_total}
    assert sum(int((share.target_out != PAD).sum()) for share in shares) == whole.tokens_total
    assert sorted(row for share in shares for row in share.rows) == sorted(everyone)


def test_an_empty_share_is_a_blank_row():
    examples = [Example([5, 6], [7, 8, 9])]
    batch = collate(examples, [], all_rows=[0])
    assert batch.source.tolist() == [[5, 6, EOS]]
    assert batch.target_in.tolist() == [[BOS]]
    assert batch.target_out.tolist() == [[PAD]]
    assert (batch.rows, batch.tokens_total, batch.target_lengths.tolist()) == ([], 4, [0])


def test_no_rows_at_all():
    with pytest.raises(ValueError, match="at least one row"):
        collate([Example([5], [6])], [])


def test_sources_alone():
    ids, lengths = pad_sources([[5, 6], []])
    assert ids.tolist() == [[5, 6, EOS], [EOS, PAD, PAD]]
    assert lengths.tolist() == [3, 1]


def test_it_moves_as_a_whole():
    moved = collate([Example([5], [6])]).to("meta")
    assert isinstance(moved, PairBatch)
    assert {value.device.type for value in vars(moved).values() if isinstance(value, torch.Tensor)} == {"meta"}
