"""How a peer computes a case, and how that is called to be timed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from heedful.bench.case import Attend, Case
from heedful.bench.reference import well_defined


@dataclass(frozen=True)
class Implementation:
    """How a peer computes a case.

    `other` names work that is not the same but of the same size, whose results are not checked; `no_backward` says why
    it cannot be trained.
    """

    attend: Attend
    other: str = ""
    no_backward: str = ""


def four_axes(attend: Callable[..., Any], **options: Any) -> Attend:
    """Attention called with ``[N, H, length, D]``: SDPA leaves its fast path on three axes, and others refuse them."""

    def on_four_axes(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        lead = [tensor if tensor.ndim == 4 else tensor.unsqueeze(1) for tensor in (query, key, value)]
        context: Tensor = attend(*lead, **options)
        return context.reshape(*query.shape[:-1], value.shape[-1])

    return on_four_axes


def call_of(case: Case, attend: Attend, tensors: Sequence[Tensor], *, backward: bool) -> Callable[[], list[Tensor]]:
    """A call as it is timed: it returns the context, or the gradients of query, key and value."""

    def forward() -> list[Tensor]:
        with torch.no_grad():
            return [attend(*tensors)]  # pyright: ignore[reportCallIssue]

    if not backward:
        return forward
    generator = torch.Generator().manual_seed(3)
    drawn = torch.randn(case.shape, generator=generator).to(case.device, case.dtype)
    # A query on the edge of a predicted window has two right answers by rounding: it gets no gradient.
    grad_output = drawn * well_defined(case.work, tensors[0]).unsqueeze(-1)
    return lambda: list(torch.autograd.grad(attend(*tensors), tensors, grad_output))  # pyright: ignore[reportCallIssue]
