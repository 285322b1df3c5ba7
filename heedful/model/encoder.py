"""The interface between encoders and decoders: states, which of them are real, and their positions on an axis.

`SeqToSeq` and `Transformer` take any `nn.Module` that implements `Encoder`: recurrent layers over words, a convolution
over a picture, a pyramid over the frames of a recording. The encoder decides how many states there are. Nothing in a
decoder or in search compares that number with the length of the input.
"""

from typing import Any, NamedTuple, Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from heedful.attention.memory import zero_unseen
from heedful.layer.recurrent import State
from heedful.shapes import ShapeError, describe


class Encoded(NamedTuple):
    """The output of an encoder: states of S positions ``[B, S, A]``, and which of them are real ``[B, S]``.

    `axis` describes the positions (words, the cells of a picture, seconds). Models pass it on without reading it, so
    that it may be any value; tasks and drawings use those of `heedful.watch`. None means one position per token.
    Recurrent encoders add `final`, the last state of every layer ``[B, L, A]`` each, and `first` ``[B, F]``, the top
    backward state at the first position. Decoders have a fallback where these are None.
    """

    states: Float[Tensor, "B S A"]
    keep: Bool[Tensor, "B S"]
    axis: Any = None
    final: State | None = None
    first: Float[Tensor, "B F"] | None = None

    def summary(self) -> Float[Tensor, "B A"]:
        """The input as one vector: the top layer's final state, or the mean of the real states."""
        if self.final is not None:
            return self.final[0][:, -1]
        # Padding may hold NaN, and NaN times 0 is NaN: it is overwritten, not multiplied. A row without real states
        # is divided by 1 and gives zeros.
        total = zero_unseen(self.states, self.keep).sum(1)
        return total / self.keep.sum(1, keepdim=True).clamp_min(1).to(total.dtype)


@runtime_checkable
class Encoder(Protocol):
    """A module that reads a batch; `output_dim` is A, the width of a state."""

    output_dim: int

    def __call__(self, source: Tensor, lengths: Tensor, /) -> Encoded:
        """Encode `source`, a tensor of any kind with examples along axis 0, each up to its length ``[B]``.

        An encoder of inputs of one size, such as pictures, may ignore the lengths.
        """
        ...


@runtime_checkable
class KnowsFirst(Protocol):
    """An encoder that returns `Encoded.first`, `first_dim` wide."""

    first_dim: int


def check_encoder(encoder: nn.Module) -> int:
    """The width of an encoder's states.

    Raises: TypeError, when the module has no attribute `output_dim`.
    """
    width = getattr(encoder, "output_dim", None)
    if not isinstance(width, int):
        raise TypeError(
            f"{type(encoder).__name__} cannot be an encoder: expected an attribute output_dim, the width of its states."
        )
    return width


def encode_source(encoder: nn.Module, source: Tensor, lengths: Tensor) -> Encoded:
    """Runs an encoder and checks what it returns.

    Raises: TypeError, when that is not an `Encoded`; ShapeError, when states and `keep` do not fit together.
    """
    encoded = encoder(source, lengths)
    name = type(encoder).__name__
    if not isinstance(encoded, Encoded):
        raise TypeError(f"{name}.forward returned {type(encoded).__name__}, expected Encoded(states, keep).")
    states, keep = encoded.states, encoded.keep
    fits = states.ndim == 3 and keep.dtype == torch.bool and keep.shape == states.shape[:2]
    if not fits or states.shape[-1] != check_encoder(encoder):
        raise ShapeError(
            f"{name}.forward returned states {describe(states)} and keep {describe(keep)}, expected "
            f"[B, S, {check_encoder(encoder)}] and bool [B, S]: True where a state is real."
        )
    return encoded
