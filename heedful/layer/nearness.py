"""The attention of ABCNN: a similarity of two words by their distance, used as the weight without a softmax."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from heedful.choice import Choice
from heedful.kernel import upcast
from heedful.structure import Attention

_TINY = 1e-10
"""Added to the squared distance: for equal words it is 0, where the square root has an infinite gradient."""


def distance(left: Float[Tensor, "... D"], right: Float[Tensor, "... D"]) -> Float[Tensor, "..."]:
    """``sqrt(|x - y|^2 + 1e-10)``, pair by pair, in at least float32; its gradient is finite for x = y."""
    return ((upcast(left) - upcast(right)).square().sum(-1) + _TINY).sqrt()


def nearness(query: Float[Tensor, "... T D"], key: Float[Tensor, "... S D"]) -> Float[Tensor, "... T S"]:
    """``A_ij = 1 / (1 + |x_i - y_j|)``, in (0, 1], for every query and key; in at least float32, autocast or not.

    The distance is ``sqrt(|x|^2 + |y|^2 - 2 x.y + 1e-10)``, computed by one matrix product. By rounding, the distance
    of a vector from itself is up to about 1e-3 of its length; its gradient is finite.
    Source: Yin et al. 2016, section 4.1 (arXiv:1512.05193); 1e-10 is from the authors' code.
    """
    with torch.autocast(query.device.type, enabled=False):
        x, y = upcast(query), upcast(key)
        squares = x.square().sum(-1).unsqueeze(-1) + y.square().sum(-1).unsqueeze(-2)
        squared = squares - 2.0 * (x @ y.transpose(-1, -2))
        # The difference of nearly equal sums can round to a negative number.
        return 1.0 / (1.0 + (squared.clamp_min(0.0) + _TINY).sqrt())


class AsScored(Choice):
    """The scores themselves as weights, and zero for keys that a query may not attend to.

    Rows do NOT sum to 1, and shifting all scores changes them: the second and fourth law of choices do not hold. It is
    for attention that is no distribution, such as that of ABCNN, whose features and pooling use the sums of rows.
    """

    def forward(
        self, scores: Float[Tensor, "... T S"], visible: Bool[Tensor, "... #T #S"] | None = None
    ) -> Float[Tensor, "... T S"]:
        """The scores of visible keys."""
        weights = upcast(scores)
        return weights if visible is None else torch.where(visible, weights, 0.0)


def nearness_attention() -> Attention:
    """An attention whose weights are the matrix A of ABCNN; `heedful.record` records it like any other."""
    return Attention(nearness, choice=AsScored())
