"""The torch operators of a fused engine: forward, forward with statistics, and their common backward pass.

Both fused engines register the same three operators; `FusedOperators` holds what they share. They are registered by
hand and not by `torch.library.custom_op`, whose wrapper loads torch's compiler at the first call, which takes over a
second.
"""

import importlib
import warnings
from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from heedful.kernel import transforms
from heedful.kernel.inputs import KernelInputs, SavedForBackward
from heedful.kernel.problem import EngineError, EngineFailure
from heedful.kernel.second_order import softmax_gradients
from heedful.kernel.stats import KernelStats, KernelStatsRequest, empty_stats

# The fields of the named tuples as operator schemas, in the same order.
_INPUTS = (
    "Tensor x, Tensor y, Tensor value, Tensor? weight, Tensor start, Tensor stop, Tensor? keep, Tensor keep_index, "
    "Tensor group, Tensor? centre, float deviation"
)
_SAVED = "Tensor output, Tensor row_max, Tensor row_scale, Tensor scores"
_REQUEST = "int best, int seed, int rows, int columns, bool gated"
_STATS = "Tensor lse, Tensor entropy, Tensor best, Tensor best_weights, Tensor drawn, Tensor mass"
# Gradients of x, y, value, weight and centre; the last two are empty where the input is None.
_GRADS = "Tensor, Tensor, Tensor, Tensor, Tensor"

_N_INPUTS, _N_SAVED = len(KernelInputs._fields), len(SavedForBackward._fields)


class FusedOperators:
    """The operators ``heedful::attend_NAME``, ``survey_NAME`` and ``attend_NAME_backward`` of one engine.

    `module` implements them as ``attend``, ``survey`` and ``attend_backward``; it is imported at the first call, since
    it loads numba or Triton. Scores of the tanh form are kept for the backward pass up to `max_kept_scores` numbers.
    `assumes_zero_row_sums` says that the backward kernels compute the weight's gradient as ``-2 sum(g r)``, which is
    right where the gradients ``g`` of a row's scores sum to 0: the gradient of the log-sum-exp breaks that.
    """

    def __init__(
        self,
        name: str,
        module: str,
        *,
        devices: tuple[str, ...],
        max_kept_scores: int = 0,
        assumes_zero_row_sums: bool = False,
    ) -> None:
        self.name = name
        self.module = module
        self.max_kept_scores = max_kept_scores
        self.assumes_zero_row_sums = assumes_zero_row_sums
        self._register(devices)
        self._attend_op = getattr(torch.ops.heedful, f"attend_{name}")
        self._survey_op = getattr(torch.ops.heedful, f"survey_{name}")
        self._backward_op = getattr(torch.ops.heedful, f"attend_{name}_backward")

    def attend(self, inputs: KernelInputs) -> Tensor:
        """The contexts ``[N, T, V]`` of a problem, in float32.

        The scores of the tanh form cost a third of the backward pass, so they are kept where they are few. Those of the
        inner form are a matrix product, which is as fast as reading the scores back would be.
        """
        learns = torch.is_grad_enabled() and any(isinstance(each, Tensor) and each.requires_grad for each in inputs)
        few = inputs.x.shape[0] * inputs.x.shape[1] * inputs.y.shape[1] <= self.max_kept_scores
        return self._attend_op(*inputs, learns and few and inputs.weight is not None)[0]

    def survey(self, inputs: KernelInputs, request: KernelStatsRequest) -> tuple[Tensor, KernelStats]:
        """The contexts, and the statistics requested of the weights."""
        found = self._survey_op(*inputs, *request)
        return found[0], KernelStats(*found[_N_SAVED:])

    def _register(self, devices: tuple[str, ...]) -> None:
        attend, survey, backward = (f"heedful::{op}" for op in self._names())
        # The default lets callers who keep nothing leave the flag out.
        torch.library.define(attend, f"({_INPUTS}, bool keep_scores=False) -> ({_SAVED})")
        torch.library.define(survey, f"({_INPUTS}, {_REQUEST}) -> ({_SAVED}, {_STATS})")
        torch.library.define(
            backward, f"(Tensor grad_output, Tensor? lse_entropy_grads, {_SAVED}, {_INPUTS}) -> ({_GRADS})"
        )
        for op, implementation, shapes in (
            (attend, self._run_attend, _attend_shapes),
            (survey, self._run_survey, _survey_shapes),
            (backward, self._run_backward, _backward_shapes),
        ):
            torch.library.impl(op, devices, implementation)
            torch.library.register_fake(op, self._refusing_forward_mode(shapes))
        torch.library.register_autograd(attend, self._differentiate, setup_context=_save)
        torch.library.register_autograd(survey, self._differentiate_survey, setup_context=_save)
        torch.library.register_autograd(backward, self._refuse_second_derivatives)

    def _names(self) -> tuple[str, str, str]:
        return f"attend_{self.name}", f"survey_{self.name}", f"attend_{self.name}_backward"

    def _compute(self, function: str, *args: Any, **options: Any) -> Any:
        """Calls a function of the module that implements the operators.

        Raises: EngineFailure, when a compiler, driver or device fails; EngineError, for forward-mode derivatives.
        """
        self._refuse_forward_mode()
        try:
            return getattr(importlib.import_module(self.module), function)(*args, **options)
        except (EngineError, MemoryError, torch.OutOfMemoryError):
            raise
        except Exception as fault:  # compilers, drivers and launches fail in many ways; all mean: take another engine
            raise EngineFailure(self.name, f"{type(fault).__name__}: {fault}") from fault

    def _refuse_forward_mode(self) -> None:
        """Raises: EngineError, where forward-mode derivatives are asked for: torch would take them for zero."""
        if transforms.forward_mode():
            raise EngineError(
                f"engine {self.name!r} has no forward-mode derivatives: use attend(..., engine='plain') where they are "
                "asked for."
            )

    def _refusing_forward_mode(self, shapes: Callable[..., Any]) -> Callable[..., Any]:
        """The same for a graph that is traced, where an operator is asked for its shapes only."""

        def checked(*args: Any) -> Any:
            self._refuse_forward_mode()
            return shapes(*args)

        return checked

    def _run_attend(self, *args: Any) -> tuple[Tensor, ...]:
        # torch drops arguments that equal their default before it calls an implementation.
        return self._compute("attend", KernelInputs(*args[:_N_INPUTS]), keep_scores=any(args[_N_INPUTS:]))

    def _run_survey(self, *args: Any) -> tuple[Tensor, ...]:
        request = KernelStatsRequest(*args[_N_INPUTS:])
        saved, stats = self._compute("survey", KernelInputs(*args[:_N_INPUTS]), request)
        return (*saved, *stats)

    def _run_backward(
        self, grad_output: Tensor, lse_entropy_grads: Tensor | None, *saved_and_inputs: Any
    ) -> tuple[Tensor, ...]:
        saved = SavedForBackward(*saved_and_inputs[:_N_SAVED])
        inputs = KernelInputs(*saved_and_inputs[_N_SAVED:])
        return self._compute("attend_backward", grad_output, saved, inputs, lse_entropy_grads=lse_entropy_grads)

    def _differentiate(self, ctx: Any, grad_output: Tensor, *_: Any) -> tuple[Tensor | None, ...]:
        tensors = ctx.saved_tensors  # read once: under activation checkpointing each reading would compute them again
        if torch.is_grad_enabled():
            return self._differentiable_grads(ctx, tensors[_N_SAVED:], (grad_output, None, None))
        return self._grads(ctx, (grad_output, None, None), None, saved=tensors[:_N_SAVED], tensors=tensors[_N_SAVED:])

    def _differentiate_survey(self, ctx: Any, grad_output: Tensor, *grads: Any) -> tuple[Tensor | None, ...]:
        tensors = ctx.saved_tensors
        saved, entropy = SavedForBackward(*tensors[:_N_SAVED]), tensors[_N_SAVED + 1]
        grad_lse, grad_entropy = grads[_N_SAVED - 1 : _N_SAVED + 1]
        if torch.is_grad_enabled():
            return self._differentiable_grads(ctx, tensors[_N_SAVED + 2 :], (grad_output, grad_lse, grad_entropy))
        both = lse_entropy_grads(saved.row_scale, entropy, grad_lse=grad_lse, grad_entropy=grad_entropy)
        upstream = grad_output, grad_lse, grad_entropy
        return self._grads(ctx, upstream, both, saved=saved, tensors=tensors[_N_SAVED + 2 :])

    def _grads(
        self,
        ctx: Any,
        upstream: tuple[Tensor, Tensor | None, Tensor | None],
        lse_entropy: Tensor | None,
        *,
        saved: tuple[Tensor, ...],
        tensors: tuple[Any, ...],
    ) -> tuple[Tensor | None, ...]:
        """The gradients in the order of the forward operator's arguments, None for those that have none.

        `upstream` are those of the contexts, log-sum-exp and entropy, `lse_entropy` the last two as kernels take them.
        """
        inputs = KernelInputs(*tensors, ctx.deviation)  # pyright: ignore[reportCallIssue]
        try:
            x, y, value, weight, centre = self._backward_op(upstream[0], lse_entropy, *saved, *inputs)
        except EngineFailure as failure:
            warnings.warn(f"{failure} It computes this gradient.", RuntimeWarning, stacklevel=2)
            found = softmax_gradients(inputs, upstream)
            return _in_order(ctx, tuple(each if each is None else each.detach() for each in found))
        if inputs.weight is not None and upstream[1] is not None and self.assumes_zero_row_sums:
            # A row's gradients sum to that of its log-sum-exp, where the kernels take that sum for 0: add what they
            # left out.
            row_scale = SavedForBackward(*saved).row_scale
            weight = weight + torch.where(row_scale > 0, upstream[1], 0.0).sum()
        weight, centre = None if inputs.weight is None else weight, None if inputs.centre is None else centre
        return _in_order(ctx, (x, y, value, weight, centre))

    def _differentiable_grads(
        self, ctx: Any, tensors: tuple[Any, ...], grads: tuple[Tensor | None, ...]
    ) -> tuple[Tensor | None, ...]:
        """The same where a gradient is to be differentiated again: in plain torch, since kernels leave no graph."""
        inputs = KernelInputs(*tensors, ctx.deviation)  # pyright: ignore[reportCallIssue]
        return _in_order(ctx, softmax_gradients(inputs, grads))

    def _refuse_second_derivatives(self, ctx: Any, *grads: Any) -> None:
        raise EngineError(
            f"the operator of engine {self.name!r} has no second derivatives: call attend, which takes them from plain "
            "torch."
        )


def lse_entropy_grads(
    row_scale: Float[Tensor, "N T"],
    entropy: Float[Tensor, "N T"],
    *,
    grad_lse: Float[Tensor, "N T"],
    grad_entropy: Float[Tensor, "N T"],
) -> Float[Tensor, "N T 2"]:
    """The gradients of log-sum-exp and entropy H as two coefficients a row, which kernels apply to its scores.

    ``dL/ds = P (dL/dlse - dL/dH (log P + H))``, and ``log P = s - row_max + log row_scale``: that is
    ``P (c[0] + c[1] (s - row_max))`` for the coefficients ``c`` returned.
    """
    # Rows that see no key have scale 0 and no weights: any finite coefficient will do for them.
    log_scale = torch.where(row_scale > 0, row_scale.log(), 0.0)
    return torch.stack([grad_lse - grad_entropy * (entropy + log_scale), -grad_entropy], dim=-1)


def _in_order(ctx: Any, grads: tuple[Tensor | None, ...]) -> tuple[Tensor | None, ...]:
    """Gradients of x, y, value, weight and centre in the order of the forward operator's arguments."""
    *first, centre = grads
    start_to_group = (None,) * 5
    return *first, *start_to_group, centre, None, *(None,) * ctx.n_options


def _save(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    *tensors, deviation = inputs[:_N_INPUTS]
    # Of a survey this takes its first two statistics too, lse and entropy: they are differentiable, the others are not.
    ctx.save_for_backward(*output[: _N_SAVED + 2], *tensors)
    ctx.deviation, ctx.n_options = deviation, len(inputs) - _N_INPUTS
    ctx.mark_non_differentiable(*output[1:_N_SAVED], *output[_N_SAVED + 2 :])


def _attend_shapes(*args: Any) -> tuple[Tensor, ...]:
    inputs = KernelInputs(*args[:_N_INPUTS])
    rows, queries = inputs.x.shape[:2]
    scores = (rows, queries, inputs.y.shape[1]) if any(args[_N_INPUTS:]) else (0, 0, 0)
    shapes = (rows, queries, inputs.value.shape[2]), (rows, queries), (rows, queries), scores
    return tuple(inputs.x.new_empty(shape, dtype=torch.float32) for shape in shapes)


def _survey_shapes(*args: Any) -> tuple[Tensor, ...]:
    inputs, request = KernelInputs(*args[:_N_INPUTS]), KernelStatsRequest(*args[_N_INPUTS:])
    return *_attend_shapes(*inputs), *empty_stats(inputs.x, (inputs.x.shape[0], inputs.x.shape[1]), request)


def _backward_shapes(
    grad_output: Tensor, lse_entropy_grads: Tensor | None, *saved_and_inputs: Any
) -> tuple[Tensor, ...]:
    inputs = KernelInputs(*saved_and_inputs[_N_SAVED:])
    none = inputs.x.new_empty(0)
    likes = inputs.x, inputs.y, inputs.value, inputs.weight, inputs.centre
    return tuple(none.new_empty(0) if like is None else like.new_empty(like.shape) for like in likes)
