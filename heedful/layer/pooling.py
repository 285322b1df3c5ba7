"""Poolings: one vector of many states, and the weight of every state in it.

All have the same call, ``pool(states, keep, query)``; only attention uses the query. A row that keeps nothing gives
zeros, also as gradients. States that are not kept have no effect, even if they hold NaN.
"""

from abc import ABC, abstractmethod

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from heedful.attention.memory import zero_unseen
from heedful.shapes import ShapeError, check_width
from heedful.structure import Attention


class Pooling(nn.Module, ABC):
    """The base class of poolings; `output_dim` is the width of the states and of the result.

    Subclasses implement `_pool` and `_weigh` for states whose padding is zero.
    Raises: ShapeError, for states of another width.
    """

    output_dim: int

    def forward(
        self,
        states: Float[Tensor, "*B S D"],
        keep: Bool[Tensor, "*B S"],
        query: Float[Tensor, "*B Q"] | None = None,
    ) -> Float[Tensor, "*B D"]:
        """One vector per row, of the states that are kept."""
        return self._pool(self._cleared(states, keep), keep, query)

    def weigh(
        self,
        states: Float[Tensor, "*B S D"],
        keep: Bool[Tensor, "*B S"],
        query: Float[Tensor, "*B Q"] | None = None,
    ) -> Float[Tensor, "*B S"]:
        """The weight of each state in that vector: rows sum to 1, or to 0 if nothing is kept; in at least float32."""
        return self._weigh(self._cleared(states, keep), keep, query)

    @abstractmethod
    def _pool(self, states: Tensor, keep: Tensor, query: Tensor | None) -> Tensor:
        """`forward`, for states that are zero where they are not kept."""

    @abstractmethod
    def _weigh(self, states: Tensor, keep: Tensor, query: Tensor | None) -> Tensor:
        """`weigh`, for states that are zero where they are not kept."""

    def _cleared(self, states: Tensor, keep: Tensor) -> Tensor:
        """States with zeros on padding: a NaN there, times a weight of zero, would still be NaN."""
        check_width("states", states, self.output_dim, owner=type(self).__name__)
        return zero_unseen(states, keep)


class Last(Pooling):
    """The last state; of two directions ``[hf_T ; hb_1]``, the last state of each.

    A state is the concatenation of `directions` parts of equal width; the first runs forwards, the second backwards.
    Raises: ShapeError, when the width is no multiple of the directions.
    Source: Zhou et al. 2016, section 3.2, for the two directions (ACL P16-2034).
    """

    def __init__(self, dim: int, *, directions: int = 1) -> None:
        super().__init__()
        if directions not in (1, 2) or dim % directions:
            raise ShapeError(f"Last cannot split states of width {dim} into {directions} directions: expected 1 or 2.")
        self.output_dim, self.directions = dim, directions

    def _pool(self, states: Tensor, keep: Tensor, query: Tensor | None) -> Tensor:
        """The first direction at the last kept position, and the second at the first kept position."""
        parts = states.chunk(self.directions, dim=-1)
        # A product with a one-hot mask and a sum, because an index does not exist in a row that keeps nothing.
        ends = self._ends(keep)
        return torch.cat(
            [(part * end.to(part.dtype).unsqueeze(-1)).sum(-2) for part, end in zip(parts, ends, strict=True)], dim=-1
        )

    def _weigh(self, states: Tensor, keep: Tensor, query: Tensor | None) -> Tensor:
        """1 for the last state; for two directions half for each end."""
        return torch.stack([end.to(_exact(states)) for end in self._ends(keep)]).mean(0)

    def _ends(self, keep: Tensor) -> list[Bool[Tensor, "*B S"]]:
        """A mask of the position that each direction is taken from: empty in a row that keeps nothing."""
        count = keep.long().cumsum(-1)
        return [keep & (count == count[..., -1:]), keep & (count == 1)][: self.directions]


class Mean(Pooling):
    """The mean of the states that are kept, which equals attention with a query of zeros."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.output_dim = dim

    def _pool(self, states: Tensor, keep: Tensor, query: Tensor | None) -> Tensor:
        """Their sum divided by their number."""
        # A row that keeps nothing is divided by 1, and stays zero.
        return states.sum(-2) / keep.sum(-1, keepdim=True).clamp(min=1).to(states.dtype)

    def _weigh(self, states: Tensor, keep: Tensor, query: Tensor | None) -> Tensor:
        """Equal weights for all that are kept."""
        kept = keep.to(_exact(states))
        return kept / kept.sum(-1, keepdim=True).clamp(min=1)


class Max(Pooling):
    """The maximum of each column over the states that are kept: hard attention, column by column.

    Source: Collobert et al. 2011, section 3.3.2 (arXiv:1103.0398); Kim 2014, section 2 (arXiv:1408.5882).
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.output_dim = dim

    def _pool(self, states: Tensor, keep: Tensor, query: Tensor | None) -> Tensor:
        """The maxima; zeros where nothing is kept."""
        # torch refuses the maximum over an axis of length 0; its sum is zeros of the right shape.
        if not states.shape[-2]:
            return states.sum(-2)
        # Padding was zeroed, which exceeds negative states: it must be -inf here. Rows without states become 0 again.
        maximum = torch.where(keep.unsqueeze(-1), states, -torch.inf).amax(-2)
        return torch.where(keep.any(-1, keepdim=True), maximum, 0.0)

    def _weigh(self, states: Tensor, keep: Tensor, query: Tensor | None) -> Tensor:
        """The fraction of columns whose maximum is in each state; of equal maxima the first one counts."""
        weights = states.new_zeros(keep.shape, dtype=_exact(states))
        if not states.shape[-2]:
            return weights
        position = torch.where(keep.unsqueeze(-1), states, -torch.inf).argmax(-2)
        share = weights.new_full(position.shape, 1.0 / states.shape[-1])
        return weights.scatter_add_(-1, position, share) * keep.any(-1, keepdim=True)


class HiddenLayer(nn.Module):
    """``tanh(W h + b)``: a hidden layer over states.

    Parameters: ``projection`` (Linear, with bias).
    Source: Yang et al. 2016, eq. 5 and 8 (ACL N16-1174).
    """

    def __init__(self, dim: int, output_dim: int) -> None:
        super().__init__()
        self.output_dim = output_dim
        self.projection = nn.Linear(dim, output_dim)
        nn.init.xavier_uniform_(self.projection.weight)
        nn.init.zeros_(self.projection.bias)

    def forward(self, states: Float[Tensor, "*B D"]) -> Float[Tensor, "*B A"]:
        """The hidden layer's output for every state."""
        return torch.tanh(self.projection(states))


class AttentionPooling(Pooling):
    """A weighted mean of the states: ``sum_t alpha_t h_t``, ``alpha = softmax_t(score(query, view(h_t)))``.

    `view` maps states to keys: ``nn.Tanh`` gives the attention of Zhou et al., and `HiddenLayer` that of hierarchical
    attention networks, both with ``Attention(Dot(scale=1.0))``; ``nn.Identity`` suits a score that has projections.
    `query_dim` is the width of a learned query. With None there is no learned query, and every call passes one. A query
    of zeros gives the mean.
    Parameters: ``query`` [query_dim] if it is learned, those of ``view`` and ``attention``.
    Raises: ValueError, when a call passes a query although one is learned, or none although none is.
    Source: Zhou et al. 2016, eq. 9-11 (ACL P16-2034); Yang et al. 2016, eq. 5-10 (ACL N16-1174).
    """

    def __init__(self, dim: int, attention: Attention, *, view: nn.Module, query_dim: int | None) -> None:
        super().__init__()
        self.output_dim = dim
        self.view, self.attention = view, attention
        self.query = None if query_dim is None else nn.Parameter(torch.empty(query_dim))
        if self.query is not None:
            nn.init.normal_(self.query, std=max(1, self.query.numel()) ** -0.5)

    def _pool(self, states: Tensor, keep: Tensor, query: Tensor | None) -> Tensor:
        """The context of the query."""
        return self.attention(self._query_of(states, query), self.view(states), states, keep=keep).squeeze(-2)

    def _weigh(self, states: Tensor, keep: Tensor, query: Tensor | None) -> Tensor:
        """The attention weights."""
        return self.attention.align(self._query_of(states, query), self.view(states), states, keep=keep).squeeze(-2)

    def _query_of(self, states: Tensor, query: Tensor | None) -> Float[Tensor, "*B 1 Q"]:
        """The query of every row."""
        if (self.query is None) == (query is None):
            fault = "needs a query at each call" if query is None else "has a learned query and takes no further one"
            raise ValueError(f"This AttentionPooling {fault}: query_dim is None if and only if calls pass the query.")
        if query is not None:
            return query.unsqueeze(-2)
        assert self.query is not None
        return self.query.expand(*states.shape[:-2], 1, -1)


def _exact(states: Tensor) -> torch.dtype:
    """The dtype of weights, as in `heedful.align`."""
    return torch.promote_types(torch.float32, states.dtype)
