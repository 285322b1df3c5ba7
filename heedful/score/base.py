"""What every score is: two projections and a form."""

from abc import ABC, abstractmethod

from jaxtyping import Float
from torch import Tensor, nn

from heedful.kernel import Form


class Score(nn.Module, ABC):
    """How well a key matches a query: two projections, and a form that joins their features.

    A score projects queries and keys to features once, and its form turns a pair of features into a number. Scores are
    not subclassed further: write a new one beside them. At the plain engine's speed, any callable
    ``(query [*B, T, Q], key [*B, S, K]) -> [*B, T, S]`` works in a score's place.

        >>> import torch
        >>> from heedful import attend
        >>> def negative_distance(query, key):
        ...     return -(query.unsqueeze(-2) - key.unsqueeze(-3)).square().sum(-1)
        >>> attend(torch.randn(2, 3, 8), torch.randn(2, 5, 8), score=negative_distance).shape
        torch.Size([2, 3, 8])
    """

    @property
    def reads_positions(self) -> bool:
        """Whether a key's features depend on where it stands in the memory."""
        return False

    @property
    def is_static(self) -> bool:
        """Whether a query adds the same number to the scores of all keys: then all queries get the same weights."""
        return False

    @abstractmethod
    def form(self) -> Form:
        """How a pair of features becomes a score."""

    @abstractmethod
    def project_query(self, query: Float[Tensor, "... T Q"]) -> Float[Tensor, "... T F"]:
        """Features of the queries."""

    @abstractmethod
    def project_key(self, key: Float[Tensor, "... S K"]) -> Float[Tensor, "... S F"]:
        """Features of the keys: computed once for a memory, however many queries follow."""

    def forward(self, query: Float[Tensor, "... T Q"], key: Float[Tensor, "... S K"]) -> Float[Tensor, "... T S"]:
        """Raw scores of every pair."""
        return self.form().scores(self.project_query(query), self.project_key(key))
