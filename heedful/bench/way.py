"""How a peer does a case."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from heedful.bench.case import Look


@dataclass(frozen=True)
class Way:
    """A peer's look at a case.

    `other` names work that is not the same but as large, which the check of answers passes over; `no_backward`
    says why there is no training by it.
    """

    look: Look
    other: str = ""
    no_backward: str = ""


def four_axes(look: Callable[..., Any], **words: Any) -> Look:
    """A look on ``[N, H, length, D]``: torch's SDPA leaves its quick path on three axes, and others refuse them."""

    def spread(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        lead = [tensor if tensor.ndim == 4 else tensor.unsqueeze(1) for tensor in (query, key, value)]
        context: Tensor = look(*lead, **words)
        return context.reshape(*query.shape[:-1], value.shape[-1])

    return spread
