"""The inner form through torch's own fused attention, where it serves."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from heedful.kernel import transforms
from heedful.kernel.form import Inner
from heedful.kernel.problem import Problem
from heedful.kernel.second_order import twice_differentiable
from heedful.shapes import autocast_dtype, broadcast_shape


class Sdpa:
    """``torch.nn.functional.scaled_dot_product_attention`` on features already scaled by their score."""

    def refusal(self, problem: Problem) -> str | None:
        """Why this engine cannot do a problem; None when it can."""
        if not isinstance(problem.form, Inner):
            return "it computes inner products, and this score is not one"
        if problem.weighing.softmax_temperature is None:
            return "the only choice it supports is Soft"
        if problem.bounds.gates:
            return "it cannot gate weights (region Predicted)"
        # One torch.func.grad it knows; a second one, or a forward derivative, would end in an error of torch.
        if not torch.compiler.is_compiling() and (transforms.forward_mode() or transforms.func_gradients() > 1):
            return "it has neither forward-mode derivatives nor gradients of gradients in torch.func"
        return None

    def attend(self, problem: Problem, value: Float[Tensor, "... S V"]) -> Float[Tensor, "... T V"]:
        """The weighted sums of `value`."""
        bounds = problem.bounds
        batch = broadcast_shape(problem.x.shape[:-2], problem.y.shape[:-2], value.shape[:-2])
        queries, keys = slice(0, bounds.queries), slice(0, bounds.keys)
        # SDPA's is_causal aligns the first query with the first key; here the last query stands at the last key. The
        # two agree only for as many queries as keys.
        square_causal = False
        # A branch: where sizes are symbols the condition itself is one too, and SDPA takes none.
        if bounds.causal and bounds.queries == bounds.keys and problem.keep is None:
            square_causal = True
        visible = None if square_causal else problem.visible(queries, keys)
        mask = None
        if visible is not None:
            mask = _four_axes(visible.expand(*visible.shape[:-2], bounds.queries, bounds.keys), batch)
        unexpanded = value
        x, y, value = (_four_axes(tensor, batch) for tensor in (problem.x, problem.y, value))
        context = scaled_dot_product_attention(
            x,
            y,
            value,
            attn_mask=mask,
            is_causal=square_causal,
            # Scores have scaled their features already: SDPA's default of 1 / sqrt(F) would scale them twice.
            scale=1.0 / (problem.weighing.softmax_temperature or 1.0),
        )
        return twice_differentiable(context.reshape(*batch, *context.shape[-2:]), problem, unexpanded)

    def suits(self, problem: Problem) -> bool:
        """Whether it is also the fastest here."""
        bounds, device = problem.bounds, problem.x.device.type
        # Of a band it computes every pair, under a mask.
        if bounds.left is not None or (bounds.right is not None and not bounds.causal):
            return False
        if device != "cpu":
            return True
        # On a CPU in half precision plain matrix products beat it: nine times on sentences, 1.1 to 1.5 times on long
        # inputs. A single query is a matrix-vector product, where its set-up costs more than the work.
        dtype = autocast_dtype(problem.x.device) or problem.x.dtype
        # Under vmap torch would call it for one sample after the other.
        return dtype in (torch.float32, torch.float64) and bounds.queries > 1 and not transforms.func_transforms()


def _four_axes(tensor: Tensor, batch: torch.Size) -> Tensor:
    """A tensor as ``[N, M, length, width]``."""
    # SDPA takes its flash path only with four axes; with three it is 1.6 to 3 times slower.
    leading = tensor.shape[:-2]
    tensor = tensor.expand(*batch, *tensor.shape[-2:]) if leading != batch else tensor
    rows = batch[:-1].numel() if len(batch) > 1 else 1
    heads = batch[-1] if batch else 1
    return tensor.reshape(rows, heads, *tensor.shape[-2:])
