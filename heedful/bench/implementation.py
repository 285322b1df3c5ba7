"""A peer's implementation of a case, and the call of it that is timed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from heedful.bench.case import Attend, Case
from heedful.bench.reference import well_defined


@dataclass(frozen=True)
class Implementation:
    """A peer's implementation of a case.

    `substitute` names a different computation of the same size, if the peer cannot compute the case; its results are
    not checked. `no_backward` is the reason if it has no backward pass.
    """

    attend: Attend
    substitute: str = ""
    no_backward: str = ""


def four_axes(attend: Callable[..., Any], **options: Any) -> Attend:
    """Attention called with ``[N, H, length, D]``: SDPA has no fast path for three axes, and some peers refuse them."""

    def on_four_axes(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        lead = [tensor if tensor.ndim == 4 else tensor.unsqueeze(1) for tensor in (query, key, value)]
        context: Tensor = attend(*lead, **options)
        return context.reshape(*query.shape[:-1], value.shape[-1])

    return on_four_axes


def call_of(case: Case, attend: Attend, tensors: Sequence[Tensor], *, backward: bool) -> Callable[[], list[Tensor]]:
    """The call that is timed: it returns the context, or the gradients of query, key and value."""

    def forward() -> list[Tensor]:
        with torch.no_grad():
            return [attend(*tensors)]  # pyright: ignore[reportCallIssue]

    if not backward:
        return forward
    generator = torch.Generator().manual_seed(3)
    drawn = torch.randn(case.shape, generator=generator).to(case.device, case.dtype)
    # For a query whose predicted window ends on a key, rounding decides about that key: its gradient is not compared.
    grad_output = drawn * well_defined(case.work, tensors[0]).unsqueeze(-1)
    return lambda: list(torch.autograd.grad(attend(*tensors), tensors, grad_output))  # pyright: ignore[reportCallIssue]
