"""Poolings: one vector of many states. Each can also say how much of every state is in it.

All are asked alike, ``pool(states, keep, query)``; only those that look read a query. A row that keeps nothing
becomes zeros, and so do its gradients; what is not kept changes nothing, whatever it holds.
"""

from abc import ABC, abstractmethod

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from heedful.attention.memory import zero_unseen
from heedful.shapes import ShapeError, check_width
from heedful.structure import Attention


class Pooling(nn.Module, ABC):
    """What every pooling is; `output_dim` is the width of the states, and of what it makes of them.

    A kind of pooling says what it makes of states, and how much of each is in that; what all have in common is here.
    Raises: ShapeError, for states of another width.
    """

    output_dim: int

    def forward(
        self,
        states: Float[Tensor, "*B S D"],
        keep: Bool[Tensor, "*B S"],
        query: Float[Tensor, "*B Q"] | None = None,
    ) -> Float[Tensor, "*B D"]:
        """One vector a row, of the states that are kept."""
        return self._pool(self._cleared(states, keep), keep, query)

    def weigh(
        self,
        states: Float[Tensor, "*B S D"],
        keep: Bool[Tensor, "*B S"],
        query: Float[Tensor, "*B Q"] | None = None,
    ) -> Float[Tensor, "*B S"]:
        """How much of each state is in that vector: rows that sum to 1, or 0; in at least float32."""
        return self._weigh(self._cleared(states, keep), keep, query)

    @abstractmethod
    def _pool(self, states: Tensor, keep: Tensor, query: Tensor | None) -> Tensor:
        """`forward`, of states that are zero where they are not kept."""

    @abstractmethod
    def _weigh(self, states: Tensor, keep: Tensor, query: Tensor | None) -> Tensor:
        """`weigh`, of the same."""

    def _cleared(self, states: Tensor, keep: Tensor) -> Tensor:
        """States without what padding holds: a NaN there, times a weight of zero, would be a NaN still."""
        check_width("states", states, self.output_dim, owner=type(self).__name__)
        return zero_unseen(states, keep)


class Last(Pooling):
    """The state after everything was read: of two directions ``[hf_T ; hb_1]``, each at its own end.

    `directions` parts of equal width stand side by side in a state; the first is read forwards, the second backwards.
    Raises: ShapeError, when the width is no multiple of the directions.
    Source: Zhou et al. 2016, section 3.2, for the two directions (ACL P16-2034).
    """

    def __init__(self, dim: int, *, directions: int = 1) -> None:
        super().__init__()
        if directions not in (1, 2) or dim % directions:
            raise ShapeError(f"Last cannot part states of width {dim} into {directions} directions: give 1 or 2.")
        self.output_dim, self.directions = dim, directions

    def _pool(self, states: Tensor, keep: Tensor, query: Tensor | None) -> Tensor:
        """The last kept state of the first direction, beside the first kept of the second."""
        parts = states.chunk(self.directions, dim=-1)
        ends = self._ends(keep)
        return torch.cat(
            [(part * end.to(part.dtype).unsqueeze(-1)).sum(-2) for part, end in zip(parts, ends, strict=True)], dim=-1
        )

    def _weigh(self, states: Tensor, keep: Tensor, query: Tensor | None) -> Tensor:
        """All on the last state; half and half of two directions."""
        return torch.stack([end.to(_exact(states)) for end in self._ends(keep)]).mean(0)

    def _ends(self, keep: Tensor) -> list[Bool[Tensor, "*B S"]]:
        """Which state each direction is taken from: none in a row that keeps nothing."""
        count = keep.long().cumsum(-1)
        return [keep & (count == count[..., -1:]), keep & (count == 1)][: self.directions]


class Mean(Pooling):
    """The mean of the states that are kept: what attention with a query of zeros gives."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.output_dim = dim

    def _pool(self, states: Tensor, keep: Tensor, query: Tensor | None) -> Tensor:
        """Their sum divided by their number."""
        return states.sum(-2) / keep.sum(-1, keepdim=True).clamp(min=1).to(states.dtype)

    def _weigh(self, states: Tensor, keep: Tensor, query: Tensor | None) -> Tensor:
        """The same for all that are kept."""
        kept = keep.to(_exact(states))
        return kept / kept.sum(-1, keepdim=True).clamp(min=1)


class Max(Pooling):
    """The largest number of each column over the states that are kept: hard attention, column by column.

    Source: Collobert et al. 2011, section 3.3.2 (arXiv:1103.0398); Kim 2014, section 2 (arXiv:1408.5882).
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.output_dim = dim

    def _pool(self, states: Tensor, keep: Tensor, query: Tensor | None) -> Tensor:
        """The maxima; zeros where nothing is kept."""
        if not states.shape[-2]:  # no axis of length 0 has a maximum
            return states.sum(-2)
        most = torch.where(keep.unsqueeze(-1), states, -torch.inf).amax(-2)
        return torch.where(keep.any(-1, keepdim=True), most, 0.0)

    def _weigh(self, states: Tensor, keep: Tensor, query: Tensor | None) -> Tensor:
        """The share of the columns whose maximum each state gave, the first of equals."""
        weights = states.new_zeros(keep.shape, dtype=_exact(states))
        if not states.shape[-2]:
            return weights
        giver = torch.where(keep.unsqueeze(-1), states, -torch.inf).argmax(-2)
        share = weights.new_full(giver.shape, 1.0 / states.shape[-1])
        return weights.scatter_add_(-1, giver, share) * keep.any(-1, keepdim=True)


class HiddenLayer(nn.Module):
    """``tanh(W h + b)``: states as a hidden layer sees them.

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
        """All between -1 and 1."""
        return torch.tanh(self.projection(states))


class AttentionPooling(Pooling):
    """A weighted mean of the states: ``sum_t alpha_t h_t``, ``alpha = softmax_t(score(query, view(h_t)))``.

    `view` makes the keys of the states: ``nn.Tanh`` is the attention of Zhou et al., `HiddenLayer` that of hierarchical
    attention networks, both with ``Attention(Dot(scale=1.0))``; ``nn.Identity`` is for a score with projections of its
    own. `query_dim` is the width of a learned
    query; None learns none, and every call has to give one. A query of zeros gives the mean.
    Parameters: ``query`` [query_dim] if there is one, those of ``view`` and ``attention``.
    Raises: ValueError, at a call that gives a query in a learned one's place, or none where none was learned.
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
        """What the query sees."""
        return self.attention(self._ask(states, query), self.view(states), states, keep=keep).squeeze(-2)

    def _weigh(self, states: Tensor, keep: Tensor, query: Tensor | None) -> Tensor:
        """Where it looks."""
        return self.attention.align(self._ask(states, query), self.view(states), states, keep=keep).squeeze(-2)

    def _ask(self, states: Tensor, query: Tensor | None) -> Float[Tensor, "*B 1 Q"]:
        """The query of every row."""
        if (self.query is None) == (query is None):
            fault = "needs a query at each call" if query is None else "has learned its own query"
            raise ValueError(f"This AttentionPooling {fault}: query_dim says whether one is learned.")
        if query is not None:
            return query.unsqueeze(-2)
        assert self.query is not None
        return self.query.expand(*states.shape[:-2], 1, -1)


def _exact(states: Tensor) -> torch.dtype:
    """The dtype of weights, as `heedful.align` gives them."""
    return torch.promote_types(torch.float32, states.dtype)
