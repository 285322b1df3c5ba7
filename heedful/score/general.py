"""The bilinear score, which Luong et al. call general."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from heedful.kernel import Inner
from heedful.score.base import Score
from heedful.shapes import check_width


class General(Score):
    """``q^T W k``; with ``W = I`` it is the unscaled dot product.

    Queries and keys may have different widths.
    Parameters: ``weight`` [query_dim, key_dim].
    Raises: ShapeError, when queries or keys have another width than it was built for.
    Source: Luong et al. 2015, eq. 8, general (arXiv:1508.04025).

        >>> import torch
        >>> from heedful import General, align
        >>> align(torch.randn(2, 3, 8), torch.randn(2, 5, 16), score=General(8, 16)).shape
        torch.Size([2, 3, 5])
    """

    def __init__(self, query_dim: int, key_dim: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(query_dim, key_dim))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the weight so that unit-variance vectors score with unit variance."""
        nn.init.normal_(self.weight, std=1.0 / math.sqrt(max(1, self.weight.numel())))

    def form(self) -> Inner:
        """An inner product."""
        return Inner()

    def project_query(self, query: Float[Tensor, "... T Q"]) -> Float[Tensor, "... T K"]:
        """``W^T q``: the queries in the keys' space."""
        check_width("query", query, self.weight.shape[0], owner="General")
        return query @ self.weight

    def project_key(self, key: Float[Tensor, "... S K"]) -> Float[Tensor, "... S K"]:
        """The keys as they are."""
        check_width("key", key, self.weight.shape[1], owner="General")
        return key

    def extra_repr(self) -> str:
        """Its sizes, for printing."""
        return f"query_dim={self.weight.shape[0]}, key_dim={self.weight.shape[1]}"
