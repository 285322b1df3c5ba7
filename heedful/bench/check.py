"""A peer whose results differ is not timed: contexts are compared with float64, gradients with ours."""

from collections.abc import Sequence

import torch
from torch import Tensor

from heedful.bench.case import Case
from heedful.bench.reference import largest_error

EXACT, HALF = 2e-4, 3e-2
APART, HALF_APART = 1e-3, 3e-2
"""The largest error of any entry of a context, and the largest error of a gradient relative to the norm of ours."""


def wrong_contexts(case: Case, tensors: Sequence[Tensor], contexts: Tensor) -> str:
    """The error of contexts and the allowed error, as a message; empty if they are right."""
    allowed = EXACT if case.dtype == torch.float32 else HALF
    if contexts.shape != torch.Size(case.shape):
        return f"wrong: its contexts are {list(contexts.shape)}, expected {list(case.shape)}"
    error = largest_error(case, tensors, contexts)
    return "" if error <= allowed else f"wrong by {error:.2g}, allowed {allowed:g}"


def wrong_gradients(case: Case, ours: Sequence[Tensor], theirs: Sequence[Tensor]) -> str:
    """How much the gradients of query, key or value differ from ours, as a message; empty if they agree."""
    allowed = APART if case.dtype == torch.float32 else HALF_APART
    for name, our, their in zip(("query", "key", "value"), ours, theirs, strict=True):
        apart = float((their.float() - our.float()).norm() / our.float().norm().clamp(min=1e-30))
        if not apart <= allowed:
            return f"wrong: its gradient of the {name} is {apart:.2g} of ours away, allowed {allowed:g}"
    return ""
