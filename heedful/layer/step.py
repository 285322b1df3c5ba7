"""What one step of a decoder returns, whatever the model: all that search may see."""

from typing import Any, NamedTuple

from torch import Tensor


class Step(NamedTuple):
    """The answer to one token: logits ``[B, V]``, the next state, and where the model looked.

    `state` is any nest of tensors with rows along axis 0, so that search can reorder it by
    `heedful.shapes.take_rows`. `attention` is ``[B, S]``, rows of weights over the source, or None for a model
    that does not look.
    """

    logits: Tensor
    state: Any
    attention: Tensor | None
