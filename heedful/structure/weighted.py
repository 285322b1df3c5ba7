"""Heads that are weighted and kept apart, for layers that go on in branches."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from heedful.attention import Memory
from heedful.region import Region
from heedful.structure.multihead import MultiHead
from heedful.structure.simplex import Pace, Simplex


class Weighted(nn.Module):
    """``H kappa_i (head_i W^Oi)`` for every head i of a `MultiHead`, whose output is the sum of ``head_i W^Oi``.

    ``W^Oi`` are the columns of the multi-head ``W^O`` that head i is multiplied with. Each output has the bias of
    ``W^O`` (ours; with one head this is multi-head attention). Kappa lies on the simplex and is equal at first, so H
    times it is one: the matrices begin, and learn, at the scale of multi-head attention. The paper's are H times ours.
    Parameters: ``heads`` (the `MultiHead`), ``kappa.weight`` [H], whose learning rate is `pace` if there is one.
    Source: Ahmed et al. 2017, eq. 5 (arXiv:1711.02132).

        >>> import torch
        >>> from heedful import MultiHead
        >>> from heedful.structure import Weighted
        >>> states = torch.randn(2, 7, 64)
        >>> Weighted(MultiHead(64, 4))(states, states).shape  # a branch for each head
        torch.Size([2, 4, 7, 64])
    """

    def __init__(self, heads: MultiHead, *, pace: Pace | None = None) -> None:
        super().__init__()
        self.heads = heads
        self.kappa = Simplex(heads.heads, pace)

    def project(
        self,
        key: Float[Tensor, "*B S K"],
        value: Float[Tensor, "*B S K"] | None = None,
        keep: Bool[Tensor, "..."] | None = None,
        *,
        offset: int = 0,
    ) -> Memory:
        """A memory per head, as `MultiHead.project` makes it."""
        return self.heads.project(key, value, keep, offset=offset)

    def forward(
        self,
        query: Float[Tensor, "*B T D"],
        memory: Memory | Float[Tensor, "*B S K"],
        value: Float[Tensor, "*B S K"] | None = None,
        *,
        keep: Bool[Tensor, "..."] | None = None,
        region: Region | None = None,
        offset: int = 0,
    ) -> Float[Tensor, "*B H T D"]:
        """Each head's weighted output; head by head in memory, so that branches read it without a copy."""
        context = self.heads.contexts(query, memory, value, keep=keep, region=region, offset=offset)
        count, mixing = self.heads.heads, self.heads.output_projection
        kappa = count * self.kappa()[:, None, None]
        weight = mixing.weight.unflatten(1, (count, -1)).permute(1, 2, 0)  # [H, d, D]
        return by_branch(context, weight * kappa, mixing.bias * kappa)

    def align(
        self,
        query: Float[Tensor, "*B T D"],
        memory: Memory | Float[Tensor, "*B S K"],
        value: Float[Tensor, "*B S K"] | None = None,
        *,
        keep: Bool[Tensor, "..."] | None = None,
        region: Region | None = None,
        offset: int = 0,
    ) -> Float[Tensor, "*B H T S"]:
        """Each head's weights in the same call to `forward`, before kappa."""
        return self.heads.align(query, memory, value, keep=keep, region=region, offset=offset)


def by_branch(
    vectors: Float[Tensor, "*B M T I"], weight: Float[Tensor, "M I O"], bias: Float[Tensor, "M 1 O"]
) -> Float[Tensor, "*B M T O"]:
    """A separate linear map for each branch, all in one batched product; branch by branch in memory."""
    # The branch axis goes first, so that baddbmm reads and writes contiguous matrices.
    rows = vectors.movedim(-3, 0)
    outputs = torch.baddbmm(bias, rows.flatten(1, -2), weight)
    return outputs.unflatten(1, rows.shape[1:-1]).movedim(0, -3)
