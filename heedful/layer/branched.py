"""Branched attention: a separate feed-forward layer after each head."""

from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional

from heedful.attention import Memory
from heedful.layer.feedforward import FeedForward
from heedful.region import Region
from heedful.structure import Attention, MultiHead, Weighted
from heedful.structure.simplex import Pace, Simplex
from heedful.structure.weighted import by_branch


class BranchedAttention(nn.Module):
    """``sum_i M alpha_i FFN_i(M kappa_i head_i W^Oi)``: a separate feed-forward layer after each of M heads.

    `feedforward` is divided into M narrow layers: FFN_i is columns ``i H/M ... (i + 1) H/M`` of its hidden layer. They
    share the output bias, which equals one bias per branch because alpha sums to one. There are therefore only 2 M
    parameters more than in attention and feed-forward layer. There is no norm inside: a norm in a branch would remove
    the branch's scale, and with it the effect of kappa. The paper has no factors M; its matrices are M times ours. With
    the factors our matrices start at the scale of a Transformer's, which suits Adam's steps of fixed size.

    Let ``context_i`` be ``M kappa_i head_i W^Oi``. In the paper it is the only input of a feed-forward layer, and there
    is no residual around that layer. A Transformer has both the query's word and a residual there. Both are options
    (ours): `sees_query` gives ``FFN_i(query + context_i)``, and `residual` gives
    ``sum_i M alpha_i (context_i + FFN_i(...))``.
    Parameters: ``weighted`` (`Weighted`), ``feedforward`` (`FeedForward`), ``alpha.weight`` [M], at `pace`.
    Raises: ValueError, when the hidden layer's width is no multiple of the number of heads.
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
                f"BranchedAttention cannot divide {hidden} hidden columns into {heads.heads} branches: no multiple."
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
        """The sum of the branches."""
        contexts = self.weighted(query, memory, keep=keep, region=region, offset=offset)
        branches = self.add(query.unsqueeze(-3) + contexts if self.sees_query else contexts)
        return branches + (self._scale()[:, None, None] * contexts).sum(-3) if self.residual else branches

    @property
    def attention(self) -> Attention:
        """The attention of every branch."""
        return self.weighted.heads.attention

    def align(
        self,
        query: Float[Tensor, "*B T D"],
        memory: Memory | Float[Tensor, "*B S D"],
        *,
        region: Region | None = None,
    ) -> Float[Tensor, "*B M T S"]:
        """The attention weights of each branch."""
        return self.weighted.align(query, memory, region=region)

    def add(self, heads: Float[Tensor, "*B M T D"]) -> Float[Tensor, "*B T D"]:
        """``sum_i M alpha_i FFN_i`` of the heads' outputs."""
        # Scaling the small output matrix by alpha, instead of the activations, makes the sum over branches a single
        # matrix product.
        inner, outer, count = self.feedforward.inner, self.feedforward.outer, self.alpha.weight.shape[0]
        narrow = inner.weight.unflatten(0, (count, -1)).transpose(1, 2)  # [M, D, H/M]
        hidden = by_branch(heads, narrow, inner.bias.unflatten(0, (count, 1, -1)))
        hidden = functional.relu_(self.feedforward.dropout(hidden))
        weight = (outer.weight.unflatten(1, (count, -1)) * self._scale().unsqueeze(-1)).flatten(1)
        return functional.linear(hidden.transpose(-2, -3).flatten(-2), weight, outer.bias)

    def _scale(self) -> Float[Tensor, " M"]:
        """``M alpha``."""
        return self.alpha.weight.shape[0] * self.alpha()
