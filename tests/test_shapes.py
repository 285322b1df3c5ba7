"""Shapes as every floor shares them."""

import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import mutually_broadcastable_shapes

from heedful.shapes import broadcast_shape


@given(st.integers(1, 4).flatmap(lambda count: mutually_broadcastable_shapes(num_shapes=count, min_side=0)))
def test_shapes_join_as_torch_joins_them(found) -> None:
    shapes = [torch.Size(shape) for shape in found.input_shapes]
    assert broadcast_shape(*shapes) == torch.broadcast_shapes(*shapes)
