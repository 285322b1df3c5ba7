"""The feed-forward layer of a Transformer, applied to each position separately."""

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from heedful.layer.dropout import Dropout


class FeedForward(nn.Module):
    """``W_2 dropout(max(0, W_1 x + b_1)) + b_2``.

    Parameters: ``inner`` and ``outer`` (Linear, with bias).
    Source: Vaswani et al. 2017, eq. 2 (arXiv:1706.03762); the dropout inside is tensor2tensor's relu_dropout.
    """

    def __init__(self, width: int, hidden: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.inner = nn.Linear(width, hidden)
        self.outer = nn.Linear(hidden, width)
        self.dropout = Dropout(dropout)
        for linear in (self.inner, self.outer):
            nn.init.xavier_uniform_(linear.weight)
            nn.init.zeros_(linear.bias)

    def forward(self, vectors: Float[Tensor, "*B D"]) -> Float[Tensor, "*B D"]:
        """The layer's output at every position."""
        # Dropout comes before the maximum. The result is the same, because dropout scales by no negative number. The
        # maximum can then be taken in place, and only two of the three wide tensors are kept for the backward pass.
        return self.outer(functional.relu_(self.dropout(self.inner(vectors))))
