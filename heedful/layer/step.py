"""What one step of a decoder returns, whatever the model: all that search may see."""

from collections.abc import Callable
from typing import Any, NamedTuple

from torch import Tensor


class Step(NamedTuple):
    """The answer to one token: logits ``[B, V]`` and the next state; and where the model looked, for whoever asks.

    `state` is any nest of tensors with rows along axis 0, so that search can reorder it by `heedful.shapes.take_rows`.
    `attention` computes the weights over the positions of the memory, ``[B, S]``, when it is called: most searches
    never call it, and some models have to compute them for that alone. It is None for a model that does not look.
    """

    logits: Tensor
    state: Any
    attention: Callable[[], Tensor] | None = None
