"""The two forms into which every score falls, and the custom form of a user's callable.

A score turns a query into features ``x`` and a key into features ``y``; a form says how a pair of features
becomes a number. Kernels know forms and no scores, so one kernel serves all scores of a form.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from heedful.shapes import ShapeError, broadcast_shape, check_tensor, describe

FACTORABLE = 40.0
"""Fused engines compute the tanh form from ``e^(2x)`` and ``e^(2y)`` where all features are at most this large: e^80
and e^-80 are float32 numbers, with room for the sums that they go into."""


@dataclass(frozen=True)
class Inner:
    """``s_ts = <x_t, y_s>``: dot, general, cosine, location and the linear concat."""

    @property
    def floats_per_pair(self) -> int:
        """How many numbers the plain engine holds for one pair of a query and a key."""
        return 1

    def scores(self, x: Float[Tensor, "*#B T F"], y: Float[Tensor, "*#B S F"]) -> Float[Tensor, "*#B T S"]:
        """Score every pair by one matrix product."""
        return x @ y.transpose(-1, -2)


@dataclass(frozen=True)
class Tanh:
    """``s_ts = sum_c w_c tanh(x_tc + y_sc)``: additive attention (Bahdanau et al. 2015, arXiv:1409.0473, A.1.2)."""

    weight: Float[Tensor, " F"]

    @property
    def floats_per_pair(self) -> int:
        """How many numbers the plain engine holds for one pair: the whole hidden layer."""
        return max(1, self.weight.shape[0])

    def scores(self, x: Float[Tensor, "*#B T F"], y: Float[Tensor, "*#B S F"]) -> Float[Tensor, "*#B T S"]:
        """Score every pair; materialises ``[*B, T, S, F]``, so call it on blocks of queries."""
        return torch.tanh(x.unsqueeze(-2) + y.unsqueeze(-3)) @ self.weight.to(x.dtype)


@dataclass(frozen=True)
class Custom:
    """A user's own callable ``score(query, key) -> [*B, T, S]``, called on raw queries and keys.

    It is called on blocks of queries, so each of its rows may depend on that row's query alone.
    """

    function: Callable[[Tensor, Tensor], Tensor]
    # What a callable holds for a pair is not known: 64 is a hidden layer of common width.
    floats_per_pair: int = 64

    def scores(self, x: Float[Tensor, "... T Q"], y: Float[Tensor, "... S K"]) -> Float[Tensor, "... T S"]:
        """Score every pair by the callable.

        Raises: ShapeError, when it returns another shape, or no floating-point numbers; TypeError, when no tensor.
        """
        scores = self.function(x, y)
        check_tensor("what the score returns", scores)
        shape = torch.Size([*broadcast_shape(x.shape[:-2], y.shape[:-2]), x.shape[-2], y.shape[-2]])
        # Batch axes may be missing or 1: a score that is the same for every row. Queries and keys may not, for what is
        # summed over or left out by mistake would be taken for that.
        axes = zip(reversed(scores.shape[:-2]), reversed(shape[:-2]), strict=False)
        fits = scores.shape[-2:] == shape[-2:] and scores.ndim <= len(shape) and all(a in (1, b) for a, b in axes)
        if not fits or not scores.is_floating_point():
            raise ShapeError(
                f"the score returns {describe(scores)} for query {describe(x)} and key {describe(y)}, expected "
                f"floating-point numbers [*B, T, S] = {list(shape)}: one for each pair of a query and a key."
            )
        return scores.expand(shape)


Form = Inner | Tanh | Custom
