"""A problem as the fused engines take it: one batch axis for queries, one for the keys and values they look at."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from heedful.kernel import transforms
from heedful.kernel.form import Custom, Tanh
from heedful.kernel.inputs import KernelInputs
from heedful.kernel.problem import Problem
from heedful.shapes import broadcast_shape


def refusal(problem: Problem) -> str | None:
    """Why no fused engine can do a problem, whatever its device and choice; None where they can."""
    if isinstance(problem.form, Custom):
        return "it supports the scores of this package, and this score is a callable of your own"
    if len(problem.bounds.gates) > 1:
        return f"it applies one gate, and {len(problem.bounds.gates)} regions here gate the weights (region Predicted)"
    if problem.x.dtype == torch.float64:
        return "it computes in float32, and this is float64"
    if transforms.differentiates():
        return (
            "it computes gradients backwards only, and not in torch.func.grad, torch.func.jvp or forward_ad.dual_level"
        )
    return None


def flatten_problem(problem: Problem, value: Float[Tensor, "... S V"]) -> tuple[KernelInputs, torch.Size]:
    """The problem with its batch axes merged into one, features and values in the dtype they come in.

    Its choice is a softmax, whose temperature goes into the weight or the queries' features; it has one gate at most.

    Returns: the problem, and the batch axes of its contexts.
    """
    start, stop = problem.bounds.intervals(value.device)
    beside = [start, *(gate.centre for gate in problem.bounds.gates)]
    beside += [] if problem.keep is None else [problem.keep[..., 0]]
    # Keys and values keep a batch of their own, `memory`: heads or beams that share them are not expanded to copies.
    memory = broadcast_shape(problem.y.shape[:-2], value.shape[:-2])
    batch = broadcast_shape(problem.x.shape[:-2], memory, *(each.shape[:-1] for each in beside))
    return _kernel_inputs(problem, value, (start, stop), memory, batch), batch


def _kernel_inputs(
    problem: Problem, value: Tensor, limits: tuple[Tensor, Tensor], memory: torch.Size, batch: torch.Size
) -> KernelInputs:
    """The problem with one batch axis: `batch` for queries, and `memory` for keys and values."""
    queries, gates, keep = problem.bounds.queries, problem.bounds.gates, problem.keep
    start, stop = (limit.to(torch.int32).expand(*batch, queries).reshape(batch.numel(), queries) for limit in limits)
    # Kernels know no temperature. Scores are linear in the weight of the tanh form, and in x of the inner form.
    sharpness = 1.0 / (problem.weighing.softmax_temperature or 1.0)
    x, weight = problem.x, None
    if isinstance(problem.form, Tanh):
        weight = problem.form.weight.float() * sharpness
    elif sharpness != 1.0:
        x = x * sharpness
    return KernelInputs(
        x=_flatten_batch(x, batch),
        y=_flatten_batch(problem.y, memory),
        value=_flatten_batch(value, memory),
        weight=weight,
        start=start,
        stop=stop,
        keep=None if keep is None else keep.reshape(-1, *keep.shape[-2:]),
        keep_index=_broadcast_index(torch.Size() if keep is None else keep.shape[:-2], batch, value.device),
        group=_broadcast_index(memory, batch, value.device),
        centre=gates[0].centre.float().expand(*batch, queries).reshape(batch.numel(), queries) if gates else None,
        deviation=gates[0].deviation if gates else 1.0,
    )


def _flatten_batch(tensor: Tensor, batch: torch.Size) -> Float[Tensor, "N L F"]:
    """A tensor with its batch axes expanded to `batch` and merged into one."""
    length, width = tensor.shape[-2:]
    return tensor.expand(*batch, length, width).reshape(batch.numel(), length, width)


def _broadcast_index(shared: torch.Size, batch: torch.Size, device: torch.device) -> Int[Tensor, " N"]:
    """For each row of `batch`, the flat index of the row of `shared` that broadcasts to it."""
    return torch.arange(shared.numel(), device=device).view(shared).expand(batch).reshape(-1)
