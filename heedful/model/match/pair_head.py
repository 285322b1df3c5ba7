"""The output layers of models that compare two texts: a hidden layer, then an output that also reads pair features."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from heedful.layer.dropout import Dropout


class PairHead(nn.Module):
    """``W_2 [max(0, W_1 x + b_1) ; features] + b_2`` of a pair's vector x; dropout before both.

    Features bypass the hidden layer: they are few and informative, beside many columns that are each less so.
    Parameters: ``inner``, ``outer``.
    """

    def __init__(self, width: int, hidden: int, outputs: int, *, features: int, dropout: float) -> None:
        super().__init__()
        self.inner = nn.Linear(width, hidden)
        self.outer = nn.Linear(hidden + features, outputs)
        self.dropout = Dropout(dropout)
        for linear in (self.inner, self.outer):
            nn.init.xavier_uniform_(linear.weight)
            nn.init.zeros_(linear.bias)

    def forward(self, pair: Float[Tensor, "B D"], features: Float[Tensor, "B F"]) -> Float[Tensor, "B K"]:
        """The outputs of every pair."""
        hidden = self.dropout(torch.relu(self.inner(self.dropout(pair))))
        return self.outer(torch.cat([hidden, features.to(hidden.dtype)], dim=-1))
