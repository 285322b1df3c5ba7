"""A problem as the fused engines take it: one batch axis for queries, one for what they look at."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from heedful.kernel.form import Free, Tanh
from heedful.kernel.given import Given
from heedful.kernel.problem import Problem
from heedful.shapes import joint_shape


def refusal(problem: Problem) -> str | None:
    """Why no fused engine can do a problem, whatever its device and choice; None where they can."""
    if isinstance(problem.form, Free):
        return "it knows the scores of this package, and this one is a callable of your own"
    if len(problem.bounds.gates) > 1:
        return f"it gates weights once, and {len(problem.bounds.gates)} regions here gate them (region Predicted)"
    if problem.x.dtype == torch.float64:
        return "it computes in float32, and this is float64"
    return None


def flattened(problem: Problem, value: Float[Tensor, "... S V"]) -> tuple[Given, torch.Size]:
    """The problem with its batch axes made one, features and values of the dtype that they come in.

    Its choice is a softmax, whose temperature goes into the weight or the queries' features; it has one gate at most.

    Returns: the problem, and the batch axes that its contexts are to have.
    """
    start, stop = problem.bounds.intervals(value.device)
    beside = [start, *(gate.centre for gate in problem.bounds.gates)]
    beside += [] if problem.keep is None else [problem.keep[..., 0]]
    memory = joint_shape(problem.y.shape[:-2], value.shape[:-2])
    batch = joint_shape(problem.x.shape[:-2], memory, *(each.shape[:-1] for each in beside))
    return _given(problem, value, (start, stop), memory, batch), batch


def _given(
    problem: Problem, value: Tensor, limits: tuple[Tensor, Tensor], memory: torch.Size, batch: torch.Size
) -> Given:
    """The problem with one batch axis, `batch` for queries and `memory` for keys and values."""
    queries, gates, keep = problem.bounds.queries, problem.bounds.gates, problem.keep
    start, stop = (limit.to(torch.int32).expand(*batch, queries).reshape(batch.numel(), queries) for limit in limits)
    sharpness = 1.0 / (problem.weighing.softmax_temperature or 1.0)
    x, weight = problem.x, None
    if isinstance(problem.form, Tanh):
        weight = problem.form.weight.float() * sharpness
    elif sharpness != 1.0:
        x = x * sharpness
    return Given(
        x=_flat(x, batch),
        y=_flat(problem.y, memory),
        value=_flat(value, memory),
        weight=weight,
        start=start,
        stop=stop,
        keep=None if keep is None else keep.reshape(-1, *keep.shape[-2:]),
        keep_of=_places(torch.Size() if keep is None else keep.shape[:-2], batch, value.device),
        group=_places(memory, batch, value.device),
        centre=gates[0].centre.float().expand(*batch, queries).reshape(batch.numel(), queries) if gates else None,
        deviation=gates[0].deviation if gates else 1.0,
    )


def _flat(tensor: Tensor, batch: torch.Size) -> Float[Tensor, "N L F"]:
    """A tensor with its batch axes spread to `batch` and made one."""
    length, width = tensor.shape[-2:]
    return tensor.expand(*batch, length, width).reshape(batch.numel(), length, width)


def _places(shared: torch.Size, batch: torch.Size, device: torch.device) -> Int[Tensor, " N"]:
    """For each row of `batch` its place in `shared`, which broadcasts to it."""
    return torch.arange(shared.numel(), device=device).view(shared).expand(batch).reshape(-1)
