"""How a peer does a case, and how it is called to do it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from heedful.bench.case import Case, Look
from heedful.bench.formula import sure


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


def call_of(case: Case, look: Look, tensors: Sequence[Tensor], *, learns: bool) -> Callable[[], list[Tensor]]:
    """A call as it is timed: it returns the context, or the gradients of query, key and value.

    No gradient comes down to a query whose answer is a matter of rounding.
    """

    def forward() -> list[Tensor]:
        with torch.no_grad():
            return [look(*tensors)]  # pyright: ignore[reportCallIssue]

    if not learns:
        return forward
    generator = torch.Generator().manual_seed(3)
    drawn = torch.randn(case.shape, generator=generator).to(case.device, case.dtype)
    above = drawn * sure(case.work, tensors[0]).unsqueeze(-1)
    return lambda: list(torch.autograd.grad(look(*tensors), tensors, above))  # pyright: ignore[reportCallIssue]
