"""One attention problem as every engine receives it: features, values, bounds and a way of weighing."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from heedful.kernel.bounds import Bounds
from heedful.kernel.form import Custom, Form, Inner
from heedful.kernel.softmax import upcast
from heedful.shapes import ShapeError, autocast_dtype


@dataclass(frozen=True)
class Pick:
    """A choice that leaves weight on a few keys of each query: an engine can find them, and forget the other scores.

    They are the `count` best, or one drawn by the softmax of the scores from the seed that `draw` returns. Their
    weights are the softmax among them; of a single one that is 1, without a gradient, unless `through` names another
    weighing whose gradient it takes (straight-through).
    """

    count: int = 1
    draw: Callable[[], int] | None = None
    through: "Weighing | None" = None


@runtime_checkable
class Weighing(Protocol):
    """What a choice must offer to kernels: scores in, weights out."""

    @property
    def softmax_temperature(self) -> float | None:
        """The temperature when this is a plain softmax, which fused engines know; None otherwise."""
        ...

    @property
    def pick(self) -> Pick | None:
        """The keys it picks when it leaves weight on a few only; None otherwise."""
        ...

    @property
    def random(self) -> bool:
        """Whether weights are drawn: a row's noise then needs all keys, whichever of them it can reach."""
        ...

    def seeded(self, block: int) -> "Weighing":
        """The same choice with its randomness drawn once, so that a block computed twice comes out the same.

        Blocks, named by their first query, draw differently; block 0 draws as the choice itself does.
        """
        ...

    def __call__(self, scores: Tensor, visible: Tensor | None, /) -> Tensor:
        """Weights for scores ``[..., S]``, zero where not visible, in at least float32."""
        ...


class EngineError(ValueError):
    """An engine was forced on a problem that it cannot do; the message says why and what can."""


class EngineFailure(EngineError):
    """An engine that should have done a problem failed: a compiler, driver or device did not do its part."""

    def __init__(self, engine: str, reason: str) -> None:
        super().__init__(f"engine {engine!r} failed on this machine ({reason}): engine='plain' works everywhere.")
        self.engine = engine


@dataclass(frozen=True)
class Problem:
    """Weigh `value` by how well features `x` of the queries meet features `y` of the keys.

    F and G are equal but for a `Custom` form. `keep` has the axes ``[*B, T or 1, S]``. Batch axes broadcast.
    """

    form: Form
    x: Float[Tensor, "... T F"]
    y: Float[Tensor, "... S G"]
    bounds: Bounds
    weighing: Weighing
    keep: Bool[Tensor, "... _ S"] | None = None

    def visible(self, rows: slice, keys: slice) -> Bool[Tensor, "... t s"] | None:
        """Which pairs of a block may be weighed; None when all of them."""
        allowed = self.bounds.visible(rows, keys, self.y.device)
        if self.keep is None:
            return allowed
        keep = self.keep[..., keys]
        keep = keep if keep.shape[-2] == 1 else keep[..., rows, :]
        return keep if allowed is None else allowed & keep

    def weights(self, rows: slice, keys: slice, weighing: Weighing) -> Float[Tensor, "... t s"]:
        """The weights of a block of queries over a block of keys, which must hold every key that they may see."""
        return self.gated(self.ungated_weights(rows, keys, weighing), rows, keys)

    def scores(self, rows: slice, keys: slice) -> Float[Tensor, "... t s"]:
        """The scores of a block, in at least float32.

        Raises: ShapeError, when a callable cannot score a block of queries, or returns another shape.
        """
        x, y = self.x[..., rows, :], self.y[..., keys, :]
        if isinstance(self.form, Inner) and self._is_half_on_cpu:
            # A product of half precision would be rounded to it: to 3 digits, an absolute error in an exponent.
            with torch.autocast("cpu", enabled=False):
                return self.form.scores(x.float(), y.float())
        if not isinstance(self.form, Custom) or x.shape[-2] == self.bounds.queries:
            return upcast(self.form.scores(x, y))
        try:
            return upcast(self.form.scores(x, y))
        except torch.OutOfMemoryError:
            raise
        except (RuntimeError, IndexError, ValueError) as fault:
            raise ShapeError(
                f"the score failed on queries {rows.start} to {rows.stop} of {self.bounds.queries} ({fault}): a "
                "callable is called for blocks of queries, and cannot know which. What it needs to know of a query's "
                "position has to come with the query; see 'A function' in docs/own-score.md."
            ) from fault

    def visible_among(
        self, scores: Float[Tensor, "... t s"], rows: slice, keys: slice
    ) -> Bool[Tensor, "... _ s"] | None:
        """Which pairs of a block may be weighed, with these scores; None when all of them."""
        visible = self.visible(rows, keys)
        if not isinstance(self.form, Custom):
            return visible
        # A callable hides a key by a score of minus infinity. A row of nothing else is then 0, as under `keep`, where
        # its softmax would be NaN.
        shown = scores.detach() != -torch.inf
        return shown if visible is None else visible & shown

    def ungated_weights(self, rows: slice, keys: slice, weighing: Weighing) -> Float[Tensor, "... t s"]:
        """The same weights before any gate."""
        scores = self.scores(rows, keys)
        return weighing(scores, self.visible_among(scores, rows, keys))

    @property
    def _is_half_on_cpu(self) -> bool:
        """Whether torch would multiply the features in half precision, on a CPU."""
        if self.y.device.type != "cpu" or self.y.dtype == torch.float64:
            return False
        return (autocast_dtype(self.y.device) or self.y.dtype) in (torch.bfloat16, torch.float16)

    def gated(self, weights: Float[Tensor, "... t s"], rows: slice, keys: slice) -> Float[Tensor, "... t s"]:
        """Weights of a block times their gates; they are not normalised again (Luong et al. 2015, eq. 10)."""
        for gate in self.bounds.gates:
            weights = weights * gate.weights(rows, keys)
        return weights
