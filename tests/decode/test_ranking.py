"""The few best of many numbers are those that sorting finds."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from heedful.decode.ranking import best


@given(
    rows=st.integers(1, 3),
    count=st.sampled_from([1, 2, 7, 1023, 1024, 1031, 4001]),
    size=st.integers(1, 11),
    levels=st.sampled_from([2, 5, 10**6]),
    seed=st.integers(0, 99),
)
def test_is_what_sorting_finds(rows: int, count: int, size: int, levels: int, seed: int) -> None:
    scores = torch.randint(levels, (rows, count), generator=torch.Generator().manual_seed(seed)).float()
    scores[:, : count // 2] = -torch.inf
    top, place = best(scores, size)
    expected = scores.sort(dim=1, descending=True).values[:, :size]
    assert top.shape == place.shape == (rows, size)
    assert torch.equal(top[:, :count], expected)
    assert (top[:, count:] == -torch.inf).all()
    assert torch.equal(scores.gather(1, place)[:, :count], expected)
    for row in place[:, :count].tolist():
        assert len(set(row)) == len(row)
