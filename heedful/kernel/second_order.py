"""Second derivatives for engines that have first ones only: the gradient once more, in torch's own operations.

Kernels compute a gradient without a graph. Where a gradient is itself to be differentiated (``create_graph=True``, as
for a penalty on gradients), it is therefore computed by the plain engine, from the same inputs; its operations have all
derivatives. Everywhere else the kernels' gradient is taken.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from heedful.kernel import transforms
from heedful.kernel.bounds import Bounds, Gaussian
from heedful.kernel.form import Inner, Tanh
from heedful.kernel.inputs import KernelInputs
from heedful.kernel.plain import Plain
from heedful.kernel.problem import EngineError, Problem
from heedful.kernel.softmax import masked_softmax


@dataclass(frozen=True)
class _Softmax:
    """The weighing of the fused operators: their temperature lies in the features already."""

    softmax_temperature: float | None = 1.0
    pick: None = None
    random: bool = False

    def seeded(self, block: int) -> "_Softmax":
        """Itself: nothing is random here."""
        return self

    def __call__(self, scores: Tensor, visible: Tensor | None, /) -> Tensor:
        return masked_softmax(scores, visible)


def softmax_gradients(inputs: KernelInputs, grads: Sequence[Tensor | None]) -> tuple[Tensor | None, ...]:
    """Gradients of x, y, value, weight and centre, themselves differentiable; None where there is none.

    `grads` are those of the contexts, of the log-sum-exp and of the entropy, None where nothing comes.
    """
    learned = ("x", "y", "value", "weight", "centre")

    def outputs(*tensors: Any) -> Sequence[Tensor]:
        own = inputs._replace(**dict(zip(learned, tensors, strict=True)))
        return Plain().attend_with_lse(_problem(own), own.value[own.group])

    return _gradients(outputs, [getattr(inputs, name) for name in learned], grads)


def twice_differentiable(
    context: Float[Tensor, "... T V"], problem: Problem, value: Float[Tensor, "... S V"]
) -> Float[Tensor, "... T V"]:
    """A context that torch's own kernel computed, with second derivatives."""
    # A traced graph would keep the Python function as a node that no export knows, and has no second derivatives.
    traced = torch.compiler.is_compiling() or torch.jit.is_tracing()  # pyright: ignore[reportPrivateImportUsage]
    if not context.requires_grad or traced or transforms.func_transforms():
        return context
    rest = partial(Problem, form=problem.form, bounds=problem.bounds, weighing=problem.weighing, keep=problem.keep)
    return _TwiceDifferentiable.apply(context, problem.x, problem.y, value, rest)


class _TwiceDifferentiable(torch.autograd.Function):
    """The context as it is. Its gradient goes on to the kernel, or past it where it is to be differentiated again."""

    @staticmethod
    def forward(ctx: Any, *args: Any) -> Tensor:
        context, x, y, value, ctx.rest = args
        ctx.save_for_backward(x, y, value)
        return context.view_as(context)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        # The engine enables gradients here when it was called with create_graph=True.
        if not torch.is_grad_enabled():
            return grad_outputs[0], None, None, None, None

        def context(x: Tensor, y: Tensor, value: Tensor) -> Sequence[Tensor]:
            return (Plain().attend(ctx.rest(x=x, y=y), value),)

        return None, *_gradients(context, ctx.saved_tensors, grad_outputs), None


def without_gradient(value: Float[Tensor, "... S V"]) -> Float[Tensor, "... S V"]:
    """The values for the straight-through term of a choice, which only moves the scores.

    Raises: EngineError, when the gradient is to be differentiated again: its derivative by the values would be missing.
    """
    if not value.requires_grad or torch.compiler.is_compiling() or transforms.func_transforms():
        return value.detach()
    return _WithoutGradient.apply(value)


class _WithoutGradient(torch.autograd.Function):
    """A tensor whose gradient stops here, and says so where that would be wrong."""

    @staticmethod
    def forward(ctx: Any, *args: Any) -> Tensor:
        return args[0].view_as(args[0])

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        if torch.is_grad_enabled():
            raise EngineError(
                "fused engines have no second derivatives of straight-through choices: use attend(..., engine='plain')."
            )
        return None


def _gradients(
    function: Callable[..., Sequence[Tensor]], inputs: Sequence[Tensor | None], grads: Sequence[Tensor | None]
) -> tuple[Tensor | None, ...]:
    """The gradients of a function's inputs, with a graph."""
    with torch.enable_grad():
        # Aliases, so that a tensor that is query, key and value gets three gradients and not three times their sum.
        aliases = [None if each is None else each.view_as(each) for each in inputs]
        found = zip(function(*aliases), grads, strict=True)
        pairs = [(out, grad) for out, grad in found if grad is not None and out.requires_grad]
        outputs, upstream = [out for out, _ in pairs], [grad.to(out.dtype) for out, grad in pairs]
        wanted = [each for each in aliases if each is not None and each.requires_grad]
        slopes = iter(torch.autograd.grad(outputs, wanted, upstream, create_graph=True, allow_unused=True))
        return tuple(next(slopes) if each is not None and each.requires_grad else None for each in aliases)


def _problem(inputs: KernelInputs) -> Problem:
    """Flat inputs as a problem again: each row of the batch with the keys of its group."""
    queries, keys = inputs.x.shape[1], inputs.y.shape[1]
    gates = () if inputs.centre is None else (Gaussian(inputs.centre, inputs.deviation),)
    return Problem(
        form=Inner() if inputs.weight is None else Tanh(inputs.weight),
        x=inputs.x,
        y=inputs.y[inputs.group],
        bounds=Bounds(queries, keys, start=inputs.start.long(), stop=inputs.stop.long(), gates=gates),
        weighing=_Softmax(),
        keep=None if inputs.keep is None else inputs.keep[inputs.keep_index],
    )
