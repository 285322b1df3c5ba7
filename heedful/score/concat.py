"""The linear score of the concatenated pair: attention that ignores the query, kept to show the fault."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from heedful.kernel import Inner
from heedful.score.base import Score
from heedful.shapes import check_width


class Concat(Score):
    """``w^T [q; k]`` with no non-linearity: **every query gets the same weights**.

    The query's term is the same for all keys, and the softmax removes it. Use `Additive` to compare keys with the
    query. This score is right where one static weight per key is wanted, or to show the fault, which a well-known Keras
    library has. Parameters: ``query_weight`` [query_dim], ``key_weight`` [key_dim].
    Raises: ShapeError, when queries or keys have another width than it was built for.

        >>> import torch
        >>> from heedful import Concat, align
        >>> weights = align(torch.randn(2, 8), torch.randn(5, 16), score=Concat(8, 16))
        >>> bool(torch.equal(weights[0], weights[1]))
        True
    """

    def __init__(self, query_dim: int, key_dim: int) -> None:
        super().__init__()
        self.query_weight = nn.Parameter(torch.empty(query_dim))
        self.key_weight = nn.Parameter(torch.empty(key_dim))
        self.reset_parameters()

    @property
    def is_static(self) -> bool:
        """True: one query is computed for all that may see the same keys."""
        return True

    def reset_parameters(self) -> None:
        """Draw both weights so that unit-variance vectors score with unit variance."""
        std = 1.0 / math.sqrt(max(1, self.query_weight.numel() + self.key_weight.numel()))
        nn.init.normal_(self.query_weight, std=std)
        nn.init.normal_(self.key_weight, std=std)

    def form(self) -> Inner:
        """An inner product of width 2: ``[w_q q, 1] . [1, w_k k]``."""
        return Inner()

    def project_query(self, query: Float[Tensor, "... T Q"]) -> Float[Tensor, "... T 2"]:
        """``[w_q q, 1]``."""
        check_width("query", query, self.query_weight.numel(), owner="Concat")
        term = query @ self.query_weight
        return torch.stack([term, torch.ones_like(term)], dim=-1)

    def project_key(self, key: Float[Tensor, "... S K"]) -> Float[Tensor, "... S 2"]:
        """``[1, w_k k]``."""
        check_width("key", key, self.key_weight.numel(), owner="Concat")
        term = key @ self.key_weight
        return torch.stack([torch.ones_like(term), term], dim=-1)

    def extra_repr(self) -> str:
        """Its sizes, for printing."""
        return f"query_dim={self.query_weight.numel()}, key_dim={self.key_weight.numel()}"
