"""What every score is: two projections and a form."""

from abc import ABC, abstractmethod

from jaxtyping import Float
from torch import Tensor, nn

from heedful.kernel import Form


class Score(nn.Module, ABC):
    """How well does a key answer a query?

    A score projects queries and keys to features once, and its form turns a pair of features into a number.
    Every score is final: make a new one beside it rather than a subclass. Any callable
    ``(query [*B, T, Q], key [*B, S, K]) -> [*B, T, S]`` works in a score's place, at the plain engine's speed.
    """

    @property
    def reads_positions(self) -> bool:
        """Whether a key's features depend on where it stands in the memory."""
        return False

    @property
    def is_static(self) -> bool:
        """Whether a query adds the same to the scores of all keys, so that every choice gives all queries the same."""
        return False

    @abstractmethod
    def form(self) -> Form:
        """How a pair of features becomes a score."""

    @abstractmethod
    def project_query(self, query: Float[Tensor, "... T Q"]) -> Float[Tensor, "... T F"]:
        """Features of the queries."""

    @abstractmethod
    def project_key(self, key: Float[Tensor, "... S K"]) -> Float[Tensor, "... S F"]:
        """Features of the keys: computed once for a memory, however often it is asked."""

    def forward(self, query: Float[Tensor, "... T Q"], key: Float[Tensor, "... S K"]) -> Float[Tensor, "... T S"]:
        """Raw scores of every pair."""
        return self.form().scores(self.project_query(query), self.project_key(key))
