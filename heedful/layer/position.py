"""Positions of words: vectors that are added, or a rotation of queries and keys.

All take `offset`, the position of the first vector of a call, so that one step at a time equals all at once.
"""

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from heedful.errors import UserError

_LONGEST_WAVE = 10_000.0


class NoPosition(nn.Module):
    """Adds nothing: for models whose attention encodes positions, or that need none."""

    def forward(self, vectors: Float[Tensor, "*B T D"], offset: int = 0) -> Float[Tensor, "*B T D"]:
        """The vectors, unchanged."""
        return vectors


class Sinusoidal(nn.Module):
    """Adds ``sin(p / 10000^(2i/D))`` at column 2i and the cosine of the same at 2i + 1, for any length.

    Source: Vaswani et al. 2017, section 3.5 (arXiv:1706.03762).
    """

    def forward(self, vectors: Float[Tensor, "*B T D"], offset: int = 0) -> Float[Tensor, "*B T D"]:
        """The vectors with their positions added."""
        length, width = vectors.shape[-2:]
        angles = _angles(offset, length, width, vectors.device)
        # For an odd width the last cosine is dropped.
        waves = torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(-2)[:, :width]
        return vectors + waves.to(vectors.dtype)


def waves_at(position: Int[Tensor, "*shape"], width: int) -> Float[Tensor, "*shape D"]:
    """The vectors that `Sinusoidal` adds at these positions, in float32."""
    column = torch.arange(0, width, 2, device=position.device, dtype=torch.float32)
    angles = position.unsqueeze(-1) * torch.exp(column * (-math.log(_LONGEST_WAVE) / width))
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(-2)[..., :width]


class Learned(nn.Module):
    """Adds a learned vector for each of the first `max_length` positions.

    Parameters: ``weight`` [max_length, width].
    Raises: UserError, for a position beyond them.
    Source: Gehring et al. 2017, section 3.1 (arXiv:1705.03122).
    """

    def __init__(self, max_length: int, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(max_length, width))
        nn.init.normal_(self.weight, std=width**-0.5)

    def forward(self, vectors: Float[Tensor, "*B T D"], offset: int = 0) -> Float[Tensor, "*B T D"]:
        """The vectors with their positions added."""
        end, learned = offset + vectors.shape[-2], self.weight.shape[0]
        if end > learned:
            raise UserError(
                f"a sequence of {end} tokens is too long for the {learned} positions that this model has learned",
                hint="shorten it, or train with a larger max_length or with sinusoidal or rotary positions",
            )
        return vectors + self.weight[offset:end].to(vectors.dtype)


class Rotary(nn.Module):
    """Rotates each pair of columns by an angle proportional to the position; for `MultiHead(rotate=...)`.

    Column i is paired with column i + d/2 and rotated by ``p / 10000^(2i/d)``, so that the product of a query and a key
    depends on positions only by their distance. (The paper pairs neighbours, which is equivalent after learned
    projections.)
    Raises: ValueError, when the head's width is odd.
    Source: Su et al. 2021, eq. 34 (arXiv:2104.09864).
    """

    def __init__(self, head_dim: int) -> None:
        super().__init__()
        if head_dim % 2:
            raise ValueError(f"Rotary rotates pairs of columns, but a head is {head_dim} wide: choose an even width.")
        self.head_dim = head_dim

    def forward(self, vectors: Float[Tensor, "*B T d"], offset: int = 0) -> Float[Tensor, "*B T d"]:
        """The vectors, each rotated by its position."""
        angles = _angles(offset, vectors.shape[-2], self.head_dim, vectors.device)
        cosine, sine = angles.cos().to(vectors.dtype), angles.sin().to(vectors.dtype)
        first, second = vectors.chunk(2, dim=-1)
        return torch.cat([first * cosine - second * sine, second * cosine + first * sine], dim=-1)


def _angles(offset: int, length: int, width: int, device: torch.device) -> Float[Tensor, "T half"]:
    """``p / 10000^(2i / width)`` for every position and pair of columns."""
    # In float32 whatever the model's dtype: bfloat16 cannot represent every integer above 256.
    position = torch.arange(offset, offset + length, device=device, dtype=torch.float32)
    column = torch.arange(0, width, 2, device=device, dtype=torch.float32)
    return torch.outer(position, torch.exp(column * (-math.log(_LONGEST_WAVE) / width)))
