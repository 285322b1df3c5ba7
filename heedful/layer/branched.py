"""Branched attention: every head goes on through a feed-forward layer of its own."""

from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional

from heedful.attention import Memory
from heedful.layer.feedforward import FeedForward
from heedful.region import Region
from heedful.structure import MultiHead, Weighted
from heedful.structure.simplex import Pace, Simplex
from heedful.structure.weighted import by_branch


class BranchedAttention(nn.Module):
    """``sum_i M alpha_i FFN_i(M kappa_i head_i W^Oi)``: every head goes on through a feed-forward layer of its own.

    `feedforward` is cut into as many narrow ones as there are heads: FFN_i is columns ``i H/M ... (i + 1) H/M`` of its
    hidden layer. They share the last bias, which is the same since alpha sums to one. So there are 2 M parameters more
    than in attention and feed-forward layer. There is no norm inside: one around a branch would make the branch's
    scale, and with it kappa, of no effect. The paper has no M before the weights, its matrices are M times ours: so
    these begin, and learn by Adam's steps of one size, at the scale of a Transformer's.

    Let ``found_i`` be ``M kappa_i head_i W^Oi``. In the paper a feed-forward layer sees that and nothing else, and it
    goes on through that layer alone. A Transformer's layer sees the word that asked as well, and what was found goes
    past it, too: so does a branch (ours) with `sees_query`, ``FFN_i(query + found_i)``, and with `residual`,
    ``sum_i M alpha_i (found_i + FFN_i(...))``.
    Parameters: ``weighted`` (`Weighted`), ``feedforward`` (`FeedForward`), ``alpha.weight`` [M], at `pace`.
    Raises: ValueError, when the hidden layer cannot be cut evenly.
    Source: Ahmed et al. 2017, eq. 5 to 7 (arXiv:1711.02132).
    """

    def __init__(
        self,
        heads: MultiHead,
        feedforward: FeedForward,
        pace: Pace | None = None,
        *,
        sees_query: bool = False,
        residual: bool = False,
    ) -> None:
        super().__init__()
        hidden = feedforward.inner.out_features
        if hidden % heads.heads:
            raise ValueError(
                f"BranchedAttention cannot cut {hidden} hidden columns into {heads.heads} branches evenly."
            )
        self.weighted = Weighted(heads, pace=pace)
        self.feedforward = feedforward
        self.alpha = Simplex(heads.heads, pace)
        self.sees_query = sees_query
        self.residual = residual

    def project(
        self, key: Float[Tensor, "*B S D"], keep: Bool[Tensor, "..."] | None = None, *, offset: int = 0
    ) -> Memory:
        """A memory per head, projected once for many queries."""
        return self.weighted.project(key, keep=keep, offset=offset)

    def forward(
        self,
        query: Float[Tensor, "*B T D"],
        memory: Memory | Float[Tensor, "*B S D"],
        *,
        keep: Bool[Tensor, "..."] | None = None,
        region: Region | None = None,
        offset: int = 0,
    ) -> Float[Tensor, "*B T D"]:
        """The branches' sum."""
        found = self.weighted(query, memory, keep=keep, region=region, offset=offset)
        inside = self.add(query.unsqueeze(-3) + found if self.sees_query else found)
        return inside + (self._scale()[:, None, None] * found).sum(-3) if self.residual else inside

    def align(
        self, query: Float[Tensor, "*B T D"], memory: Memory | Float[Tensor, "*B S D"]
    ) -> Float[Tensor, "*B M T S"]:
        """Where each branch looks."""
        return self.weighted.align(query, memory)

    def add(self, heads: Float[Tensor, "*B M T D"]) -> Float[Tensor, "*B T D"]:
        """``sum_i M alpha_i FFN_i``: alpha is multiplied into the weights, and one product with all of them sums."""
        inner, outer, count = self.feedforward.inner, self.feedforward.outer, self.alpha.weight.shape[0]
        narrow = inner.weight.unflatten(0, (count, -1)).transpose(1, 2)  # [M, D, H/M]
        hidden = by_branch(heads, narrow, inner.bias.unflatten(0, (count, 1, -1)))
        hidden = functional.relu_(self.feedforward.dropout(hidden))
        weight = (outer.weight.unflatten(1, (count, -1)) * self._scale().unsqueeze(-1)).flatten(1)
        return functional.linear(hidden.transpose(-2, -3).flatten(-2), weight, outer.bias)

    def _scale(self) -> Float[Tensor, " M"]:
        """``M alpha``."""
        return self.alpha.weight.shape[0] * self.alpha()
