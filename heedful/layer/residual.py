"""How a sublayer joins the residual stream: normalised before it, or after the sum.

The stream itself stays in the dtype it came in (float32 under autocast); what enters a sublayer is cast once for
the products inside.
"""

from collections.abc import Callable

from jaxtyping import Float
from torch import Tensor, nn

from heedful.layer.dropout import Dropout
from heedful.layer.precision import for_products

Sublayer = Callable[[Tensor], Tensor]


class PreNorm(nn.Module):
    """``x + dropout(sublayer(norm(x)))``; the end of the stream needs a norm of its own, `end`.

    Source: Xiong et al. 2020, figure 1b (arXiv:2002.04745).
    """

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.dropout = Dropout(dropout)

    def forward(self, stream: Float[Tensor, "*B D"], sublayer: Sublayer) -> Float[Tensor, "*B D"]:
        """The stream with the sublayer's say added."""
        return stream + self.dropout(sublayer(self.enter(stream)))

    def enter(self, stream: Float[Tensor, "*B D"]) -> Float[Tensor, "*B D"]:
        """What the sublayer reads."""
        return for_products(self.norm(stream))

    @staticmethod
    def end(width: int) -> nn.Module:
        """What follows the last layer: the stream is a sum that was never normalised."""
        return nn.LayerNorm(width)


class PostNorm(nn.Module):
    """``norm(x + dropout(sublayer(x)))``: the paper's first form, which needs a slow start of the learning rate.

    Source: Vaswani et al. 2017, section 3.1 and 5.4 (arXiv:1706.03762).
    """

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.dropout = Dropout(dropout)

    def forward(self, stream: Float[Tensor, "*B D"], sublayer: Sublayer) -> Float[Tensor, "*B D"]:
        """The stream with the sublayer's say added, normalised."""
        return self.norm(stream + self.dropout(sublayer(self.enter(stream))))

    def enter(self, stream: Float[Tensor, "*B D"]) -> Float[Tensor, "*B D"]:
        """What the sublayer reads."""
        return for_products(stream)

    @staticmethod
    def end(width: int) -> nn.Module:
        """What follows the last layer: nothing, it ended with a norm."""
        return nn.Identity()
