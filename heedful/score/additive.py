"""The additive score: a network with one hidden layer compares query and key."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from heedful.kernel import Tanh
from heedful.score.base import Score
from heedful.shapes import check_width


class Additive(Score):
    """``v^T tanh(W q + b + U k)``: the MLP score, and Luong's concat ``v^T tanh([W U][q; k])``.

    Parameters: ``query_projection`` (Linear, with bias), ``key_projection`` (Linear, none),
    ``weight`` [hidden_dim].
    Source: Bahdanau et al. 2015, section A.1.2 (arXiv:1409.0473); Luong et al. 2015, eq. 8, concat
    (arXiv:1508.04025). A bias outside the tanh would cancel in the softmax, so there is none.
    Raises: ShapeError, when queries or keys have another width than it was built for.
    Memory: O((T + S) A) by a fused engine; the hidden layer ``[T, S, A]`` is never stored.

        >>> import torch
        >>> from heedful import Additive, attend
        >>> score = Additive(query_dim=8, key_dim=16, hidden_dim=32)
        >>> attend(torch.randn(2, 3, 8), torch.randn(2, 5, 16), score=score).shape
        torch.Size([2, 3, 16])
    """

    def __init__(self, query_dim: int, key_dim: int, hidden_dim: int) -> None:
        super().__init__()
        self.query_projection = nn.Linear(query_dim, hidden_dim)
        self.key_projection = nn.Linear(key_dim, hidden_dim, bias=False)
        self.weight = nn.Parameter(torch.empty(hidden_dim))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw all weights, so that tanh is not saturated and scores have about unit variance."""
        nn.init.xavier_uniform_(self.query_projection.weight)
        nn.init.xavier_uniform_(self.key_projection.weight)
        nn.init.zeros_(self.query_projection.bias)
        nn.init.normal_(self.weight, std=1.0 / math.sqrt(max(1, self.weight.numel())))

    def form(self) -> Tanh:
        """A weighted sum of tanh."""
        return Tanh(self.weight)

    def project_query(self, query: Float[Tensor, "... T Q"]) -> Float[Tensor, "... T A"]:
        """``W q + b``."""
        check_width("query", query, self.query_projection.in_features, owner="Additive")
        return self.query_projection(query)

    def project_key(self, key: Float[Tensor, "... S K"]) -> Float[Tensor, "... S A"]:
        """``U k``."""
        check_width("key", key, self.key_projection.in_features, owner="Additive")
        return self.key_projection(key)
