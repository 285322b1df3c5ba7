"""Word vectors, scaled so that the same matrix can serve as the softmax's weights."""

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional


class TokenEmbedding(nn.Module):
    """A vector for each of `size` tokens, times the square root of its width.

    Rows have about unit length, so that logits have order 1 when the output shares the matrix. The factor gives the
    entries of an embedded word order 1, like those of positions. To tie an output, assign this module's ``weight``
    [size, width] to it.
    Source: Vaswani et al. 2017, section 3.4 (arXiv:1706.03762); Press and Wolf 2017 (arXiv:1608.05859).
    """

    def __init__(self, size: int, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(size, width))
        nn.init.normal_(self.weight, std=width**-0.5)

    def forward(self, tokens: Int[Tensor, "*shape"]) -> Float[Tensor, "*shape D"]:
        """The vectors of the tokens."""
        return functional.embedding(tokens, self.weight) * math.sqrt(self.weight.shape[1])

    def extra_repr(self) -> str:
        return f"{self.weight.shape[0]}, {self.weight.shape[1]}"
