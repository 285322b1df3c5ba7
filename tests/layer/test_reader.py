"""A reader's directions are joined as its merge says, each row up to its own end."""

import pytest
import torch

from heedful.layer.reader import MERGES, RecurrentReader
from heedful.layer.recurrent import CELLS, Recurrent

LENGTHS = torch.tensor([5, 2, 1])


def build(merge="concat", *, cell="lstm", bidirectional=True):
    return RecurrentReader(Recurrent(CELLS[cell], 3, 4, layers=2, bidirectional=bidirectional), merge)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(("merge", "width", "directions"), [("concat", 8, 2), ("sum", 4, 1)])
def test_directions_stand_side_by_side_or_are_added(cell, merge, width, directions):
    reader, vectors = build(merge, cell=cell), torch.randn(3, 5, 3)
    outputs, final = reader.recurrent(vectors, lengths=LENGTHS)
    join = {"concat": lambda x: x, "sum": lambda x: x[..., :4] + x[..., 4:]}[merge]
    reading = reader.read(vectors, LENGTHS)
    assert (reader.output_dim, reader.directions) == (width, directions)
    assert torch.equal(reading.states, join(outputs))
    assert all(torch.equal(own, join(part)) for own, part in zip(reading.final, final, strict=True))
    assert torch.equal(reader(vectors, LENGTHS), reading.states)


@pytest.mark.parametrize("merge", MERGES)
def test_one_direction_is_the_same_by_either_merge(merge):
    reader, vectors = build(merge, bidirectional=False), torch.randn(3, 5, 3)
    outputs, final = reader.recurrent(vectors, lengths=LENGTHS)
    reading = reader.read(vectors, LENGTHS)
    assert torch.equal(reading.states, outputs)
    assert torch.equal(reading.first, final[0][:, -1])


def test_first_is_the_backward_state_at_the_first_word_whatever_stands_on_padding():
    reader, vectors = build(), torch.randn(3, 5, 3)
    reading = reader.read(vectors, LENGTHS)
    torch.testing.assert_close(reading.first, reading.states[:, 0, 4:])
    spoiled = vectors.clone()
    spoiled[1, 2:], spoiled[2, 1:] = torch.nan, torch.inf
    for own, other in zip(reader.read(spoiled, LENGTHS), reading, strict=True):
        for one, same in zip(own, other, strict=True):
            torch.testing.assert_close(one, same)
