"""One attention problem as every engine receives it: features, values, bounds and a way of weighing."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from jaxtyping import Bool, Float
from torch import Tensor

from heedful.kernel.bounds import Bounds
from heedful.kernel.form import Form


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

    def ungated_weights(self, rows: slice, keys: slice, weighing: Weighing) -> Float[Tensor, "... t s"]:
        """The same weights before any gate."""
        scores = self.form.scores(self.x[..., rows, :], self.y[..., keys, :])
        return weighing(scores, self.visible(rows, keys))

    def gated(self, weights: Float[Tensor, "... t s"], rows: slice, keys: slice) -> Float[Tensor, "... t s"]:
        """Weights of a block times their gates; they are not normalised again (Luong et al. 2015, eq. 10)."""
        for gate in self.bounds.gates:
            weights = weights * gate.weights(rows, keys)
        return weights
