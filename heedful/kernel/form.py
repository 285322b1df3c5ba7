"""The two forms into which every score falls, and the custom form of a user's callable.

A score turns a query into features ``x`` and a key into features ``y``; a form says how a pair of features
becomes a number. Kernels know forms and no scores, so one kernel serves all scores of a form.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

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
        """Score every pair by the callable."""
        return self.function(x, y)


Form = Inner | Tanh | Custom
