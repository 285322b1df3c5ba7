"""The result of one step of a decoder, the same for all models."""

from collections.abc import Callable
from typing import Any, NamedTuple

from torch import Tensor


class Step(NamedTuple):
    """The result of reading one token: logits ``[B, V]``, the next state, and optionally the attention weights.

    `state` is any nested structure of tensors with rows along axis 0, which search reorders by
    `heedful.shapes.take_rows`. `attention` is a function that returns the weights over the positions of the memory,
    ``[B, S]``. It is called only when the weights are needed, because some models compute them only for this. It is
    None for a model without attention.
    """

    logits: Tensor
    state: Any
    attention: Callable[[], Tensor] | None = None
