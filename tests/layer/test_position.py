"""Positions: the paper's formula, distances only for rotary, one at a time equals all at once."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from heedful.errors import UserError
from heedful.layer.position import Learned, NoPosition, Rotary, Sinusoidal

KINDS = {"unplaced": NoPosition(), "sinusoidal": Sinusoidal(), "learned": Learned(29, 14), "rotary": Rotary(14)}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@given(length=st.integers(0, 13), cut=st.integers(0, 13), offset=st.integers(0, 13))
def test_in_parts_equals_at_once(kind: nn.Module, length: int, cut: int, offset: int) -> None:
    vectors = torch.randn(3, 2, length, 14)
    cut = min(cut, length)
    parts = [kind(vectors[..., :cut, :], offset), kind(vectors[..., cut:, :], offset + cut)]
    torch.testing.assert_close(torch.cat(parts, dim=-2), kind(vectors, offset))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_dtype_stays(kind: nn.Module, dtype: torch.dtype) -> None:
    assert kind(torch.randn(3, 14, dtype=dtype)).dtype == dtype


@pytest.mark.parametrize("width", [1, 2, 7, 10])
def test_sinusoids_are_the_papers(width: int) -> None:
    added = Sinusoidal()(torch.zeros(11, width), offset=5)
    for row in range(11):
        for column in range(width):
            wave = math.sin if column % 2 == 0 else math.cos
            expected = wave((row + 5) / 10000 ** ((column - column % 2) / width))
            assert added[row, column].item() == pytest.approx(expected, abs=1e-5)


@given(first=st.integers(0, 97), second=st.integers(0, 97), shift=st.integers(0, 97))
def test_turned_products_depend_on_distance_alone(first: int, second: int, shift: int) -> None:
    rotate = Rotary(10)
    query, key = torch.randn(2, 1, 10, dtype=torch.float64)
    here = rotate(query, first) @ rotate(key, second).T
    there = rotate(query, first + shift) @ rotate(key, second + shift).T
    torch.testing.assert_close(here, there, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(rotate(query, first).norm(), query.norm(), atol=1e-6, rtol=1e-6)


def test_turned_products_do_depend_on_distance() -> None:
    rotate, vector = Rotary(10), torch.ones(1, 10)
    near, far = (rotate(vector, 0) @ rotate(vector, distance).T for distance in (1, 5))
    assert (near - far).abs().item() > 0.1


def test_learned_positions_end() -> None:
    learned = Learned(13, 5)
    assert learned(torch.zeros(2, 3, 5), offset=10).shape == (2, 3, 5)
    with pytest.raises(UserError, match="14 tokens is too long for the 13 positions"):
        learned(torch.zeros(2, 3, 5), offset=11)


def test_learned_positions_learn() -> None:
    learned = Learned(13, 5)
    learned(torch.zeros(2, 3, 5), offset=4).sum().backward()
    assert learned.weight.grad is not None
    assert learned.weight.grad.nonzero()[:, 0].unique().tolist() == [4, 5, 6]


def test_odd_heads_cannot_turn() -> None:
    with pytest.raises(ValueError, match="even width"):
        Rotary(7)
