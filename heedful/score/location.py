"""The location score: the query alone decides which position to look at."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from heedful.kernel import Inner
from heedful.score.base import Score
from heedful.shapes import ShapeError, check_width, describe


class Location(Score):
    """``(W q)_s``: row ``s`` of W scores position ``s``; the keys' content is not read.

    It is an inner product with learned keys, one for each position.
    Parameters: ``weight`` [max_length, query_dim].
    Raises: ShapeError, when a memory is longer than `max_length`.
    Source: Luong et al. 2015, eq. 9 (arXiv:1508.04025).

        >>> import torch
        >>> from heedful import Location, align
        >>> align(torch.randn(3, 8), torch.randn(5, 16), score=Location(8, max_length=100)).shape
        torch.Size([3, 5])
    """

    def __init__(self, query_dim: int, max_length: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(max_length, query_dim))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the weight so that unit-variance queries score with unit variance."""
        nn.init.normal_(self.weight, std=1.0 / math.sqrt(max(1, self.weight.shape[1])))

    @property
    def reads_positions(self) -> bool:
        """Positions are all it reads."""
        return True

    def form(self) -> Inner:
        """An inner product."""
        return Inner()

    def project_query(self, query: Float[Tensor, "... T Q"]) -> Float[Tensor, "... T Q"]:
        """The queries as they are."""
        check_width("query", query, self.weight.shape[1], owner="Location")
        return query

    def project_key(self, key: Float[Tensor, "... S _"]) -> Float[Tensor, "... S Q"]:
        """The learned key of each position."""
        length = key.shape[-2]
        if length > self.weight.shape[0]:
            raise ShapeError(
                f"Location knows {self.weight.shape[0]} positions, key is {describe(key)}: build it with a larger "
                "max_length, or use a score that reads the keys."
            )
        return self.weight[:length].expand(*key.shape[:-2], length, -1).to(key.dtype)

    def extra_repr(self) -> str:
        """Its sizes, for printing."""
        return f"query_dim={self.weight.shape[1]}, max_length={self.weight.shape[0]}"
