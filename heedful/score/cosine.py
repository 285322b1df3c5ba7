"""The cosine of the angle, times a temperature that lets the softmax focus."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from heedful.kernel import Inner
from heedful.score.base import Score
from heedful.shapes import check_constant

_OWN = " It makes a parameter of its own, which starts from that."


class Cosine(Score):
    """``temperature * <q, k> / (|q| |k|)``, with a learned temperature.

    A plain cosine lies in [-1, 1], so among n keys no weight exceeds ``e^2 / (e^2 + n - 1)``: 0.28 for 20 keys. A
    temperature above 1 lets the softmax focus. `temperature` is its initial value; keep it fixed with
    ``score.temperature.requires_grad_(False)``. A zero vector scores 0; however short or long others are, they count by
    their direction alone.
    Parameters: ``temperature`` [].
    Raises: TypeError, when the initial temperature is a tensor that requires a gradient.
    Source: Graves et al. 2014, eq. 5-6, where it is beta (arXiv:1410.5401).

        >>> import torch
        >>> from heedful import Cosine
        >>> Cosine(2.0)(torch.tensor([[3.0, 0.0]]), torch.tensor([[5.0, 0.0], [0.0, 1.0]])).detach()
        tensor([[2., 0.]])
    """

    def __init__(self, temperature: float = 1.0) -> None:
        super().__init__()
        self.temperature = nn.Parameter(torch.tensor(check_constant("Cosine temperature", temperature, hint=_OWN)))

    def form(self) -> Inner:
        """An inner product."""
        return Inner()

    def project_query(self, query: Float[Tensor, "... T D"]) -> Float[Tensor, "... T D"]:
        """The queries at unit length, times the temperature."""
        return _unit(query) * self.temperature.to(query.dtype)

    def project_key(self, key: Float[Tensor, "... S D"]) -> Float[Tensor, "... S D"]:
        """The keys at unit length."""
        return _unit(key)

    def extra_repr(self) -> str:
        """Its present temperature, for printing."""
        # To read a number from a GPU is to wait for it, and meta tensors have none.
        known = self.temperature.device.type == "cpu"
        return f"temperature={self.temperature.item():.4g}" if known else ""


def _unit(vectors: Tensor) -> Tensor:
    """Vectors at unit length."""
    # The norm in at least float32: in float16 the square of 256 overflows.
    exact = vectors.float() if vectors.dtype in (torch.float16, torch.bfloat16) else vectors
    if exact.shape[-1] == 0:
        return vectors
    # Squares of very short or long vectors leave the range of their format. So vectors are multiplied first by a power
    # of two near one over their largest number, which rounds nothing. It is a constant: a length changes no direction.
    limit = int(math.log2(torch.finfo(exact.dtype).max)) - 1
    largest = exact.detach().abs().amax(-1, keepdim=True)
    exact = exact * torch.exp2(-largest.log2().floor().clamp(-limit, limit))
    squares = exact.square().sum(-1, keepdim=True)
    # A zero vector is divided by 1, and stays zero with a finite gradient.
    return (exact * torch.rsqrt(squares + (squares == 0))).to(vectors.dtype)
