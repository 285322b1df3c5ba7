"""Recurrent layers over whole texts, and the ways to join the outputs of their two directions."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from heedful.layer.recurrent import Recurrent, State


def concatenated(states: Float[Tensor, "... D"], hidden: int) -> Float[Tensor, "... D"]:
    """Both directions concatenated, as the recurrent layers return them: ``[hf ; hb]``."""
    return states


def summed(states: Float[Tensor, "... D"], hidden: int) -> Float[Tensor, "... H"]:
    """Both directions added: ``hf + hb``, as wide as a single direction."""
    return states.unflatten(-1, (-1, hidden)).sum(-2)


MERGES: dict[str, Callable[[Tensor, int], Tensor]] = {"concat": concatenated, "sum": summed}


class Reading(NamedTuple):
    """The output for a text: states ``[B, S, A]`` and the final state of every layer, ``[B, L, A]`` each.

    `first` ``[B, H]`` is the top backward state at the first word; of a unidirectional reader, its last state.
    """

    states: Tensor
    final: State
    first: Tensor


class RecurrentReader(nn.Module):
    """Recurrent layers over whole texts, in one direction or both, joined by `merge`: "concat" or "sum".

    A row depends neither on other rows nor on padding; it has at least one word.
    Parameters: ``recurrent``. Attributes: ``output_dim``, the width A of a state, which is the concatenation of
    ``directions`` parts.
    Source: Schuster and Paliwal 1997 (IEEE Transactions on Signal Processing 45).
    """

    def __init__(self, recurrent: Recurrent, merge: str = "concat") -> None:
        super().__init__()
        self.recurrent = recurrent
        self.hidden, self.merge = recurrent.run.hidden_size, MERGES[merge]
        self.output_dim: int = self.merge(torch.empty(1, recurrent.output_dim), self.hidden).shape[-1]
        self.directions = self.output_dim // self.hidden

    def forward(self, vectors: Float[Tensor, "B S I"], lengths: Int[Tensor, " B"]) -> Float[Tensor, "B S A"]:
        """The top layer's states, zero on padding."""
        return self.read(vectors, lengths).states

    def read(self, vectors: Float[Tensor, "B S I"], lengths: Int[Tensor, " B"]) -> Reading:
        """The states, and the final state of each layer."""
        outputs, final = self.recurrent(vectors, lengths=lengths)
        # Directions are concatenated, forwards first: the last `hidden` columns of the final state are those of the
        # backward direction, which ends at the first word.
        merged = tuple(self.merge(part, self.hidden) for part in final)
        return Reading(self.merge(outputs, self.hidden), merged, first=final[0][:, -1, -self.hidden :])
