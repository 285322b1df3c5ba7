"""The cosine of the angle, with a temperature that makes it able to focus."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from heedful.kernel import Inner
from heedful.score.base import Score

_TINY = 1e-12
"""Added to the squared norm: the zero vector then has score 0 and a finite gradient."""


class Cosine(Score):
    """``temperature * <q, k> / (|q| |k|)``, where the temperature (a key strength) is learned.

    A plain cosine lies in [-1, 1], so that among n keys no weight exceeds ``e^2 / (e^2 + n - 1)``: 0.28 for
    20 keys. The learned `temperature` starts as given; freeze it with
    ``score.temperature.requires_grad_(False)``.
    Source: Graves et al. 2014, eq. 5-6, where it is beta (arXiv:1410.5401).
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
    """Vectors at unit length; the norm in at least float32, whose squares do not overflow as float16's do."""
    exact = vectors.float() if vectors.dtype in (torch.float16, torch.bfloat16) else vectors
    return (exact * torch.rsqrt(exact.square().sum(-1, keepdim=True) + _TINY)).to(vectors.dtype)
