"""The cosine of the angle, times a temperature that lets the softmax focus."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from heedful.kernel import Inner
from heedful.score.base import Score

_TINY = 1e-12
"""Added to the squared norm: the zero vector then has score 0 and a finite gradient."""


class Cosine(Score):
    """``temperature * <q, k> / (|q| |k|)``, with a learned temperature.

    A plain cosine lies in [-1, 1], so among n keys no weight exceeds ``e^2 / (e^2 + n - 1)``: 0.28 for 20 keys. A
    temperature above 1 lets the softmax focus. `temperature` is its initial value; keep it fixed with
    ``score.temperature.requires_grad_(False)``. A zero vector scores 0.
    Parameters: ``temperature`` [].
    Source: Graves et al. 2014, eq. 5-6, where it is beta (arXiv:1410.5401).

        >>> import torch
        >>> from heedful import Cosine
        >>> Cosine(2.0)(torch.tensor([[3.0, 0.0]]), torch.tensor([[5.0, 0.0], [0.0, 1.0]])).detach()
        tensor([[2., 0.]])
    """

    def __init__(self, temperature: float = 1.0) -> None:
        super().__init__()
        self.temperature = nn.Parameter(torch.tensor(float(temperature)))

    def form(self) -> Inner:
        """An inner product."""
        return Inner()

    def project_query(self, query: Float[Tensor, "... T D"]) -> Float[Tensor, "... T D"]:
        """The queries at unit length, times the temperature."""
        return _unit(query) * self.temperature.to(query.dtype)

    def project_key(self, key: Float[Tensor, "... S D"]) -> Float[Tensor, "... S D"]:
        """The keys at unit length."""
        return _unit(key)


def _unit(vectors: Tensor) -> Tensor:
    """Vectors at unit length."""
    # The norm in at least float32: in float16 the square of 256 overflows.
    exact = vectors.float() if vectors.dtype in (torch.float16, torch.bfloat16) else vectors
    return (exact * torch.rsqrt(exact.square().sum(-1, keepdim=True) + _TINY)).to(vectors.dtype)
