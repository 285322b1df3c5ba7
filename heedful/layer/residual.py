"""Residual connections around a sublayer, with the norm before the sublayer or after the sum.

The stream keeps its dtype (float32 under autocast). The input of a sublayer is cast once for the products inside.
"""

from collections.abc import Callable

from jaxtyping import Float
from torch import Tensor, nn

from heedful.layer.dropout import Dropout
from heedful.layer.precision import for_products

Sublayer = Callable[[Tensor], Tensor]


class PreNorm(nn.Module):
    """``x + dropout(sublayer(norm(x)))``; the stream needs another norm after the last layer, `end`.

    Source: Xiong et al. 2020, figure 1b (arXiv:2002.04745).
    """

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.dropout = Dropout(dropout)

    def forward(self, stream: Float[Tensor, "*B D"], sublayer: Sublayer) -> Float[Tensor, "*B D"]:
        """The stream plus the sublayer's output."""
        return stream + self.dropout(sublayer(self.enter(stream)))

    def enter(self, stream: Float[Tensor, "*B D"]) -> Float[Tensor, "*B D"]:
        """What the sublayer reads."""
        return for_products(self.norm(stream))

    @staticmethod
    def end(width: int) -> nn.Module:
        """The module after the last layer: a norm, because the stream is a sum that was never normalised."""
        return nn.LayerNorm(width)


class PostNorm(nn.Module):
    """``norm(x + dropout(sublayer(x)))``: the original form, which needs a warm-up of the learning rate.

    Source: Vaswani et al. 2017, section 3.1 and 5.4 (arXiv:1706.03762).
    """

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.dropout = Dropout(dropout)

    def forward(self, stream: Float[Tensor, "*B D"], sublayer: Sublayer) -> Float[Tensor, "*B D"]:
        """The stream plus the sublayer's output, normalised."""
        return self.norm(stream + self.dropout(sublayer(self.enter(stream))))

    def enter(self, stream: Float[Tensor, "*B D"]) -> Float[Tensor, "*B D"]:
        """What the sublayer reads."""
        return for_products(stream)

    @staticmethod
    def end(width: int) -> nn.Module:
        """The module after the last layer: the identity, because the last layer ends with a norm."""
        return nn.Identity()
