"""The dot product, scaled or unscaled."""

import math

from jaxtyping import Float
from torch import Tensor

from heedful.kernel import Inner, upcast
from heedful.score.base import Score


class Dot(Score):
    """``scale * <q, k>``; queries and keys have the same width.

    `scale` None means ``1/sqrt(D)``, which keeps scores of unit-variance vectors at unit variance.
    Source: Luong et al. 2015, eq. 8, dot (arXiv:1508.04025); Vaswani et al. 2017, eq. 1 (arXiv:1706.03762).

        >>> import torch
        >>> from heedful import Dot
        >>> Dot(scale=1.0)(torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0, 4.0], [0.0, 1.0]]))
        tensor([[11.,  2.]])
    """

    def __init__(self, scale: float | None = None) -> None:
        super().__init__()
        self.scale = scale

    def form(self) -> Inner:
        """An inner product."""
        return Inner()

    def project_query(self, query: Float[Tensor, "... T D"]) -> Float[Tensor, "... T D"]:
        """The queries, scaled; half precision on a CPU becomes float32, unless the scale is a power of two.

        There engines compute in float32, and the product would be rounded to half precision for nothing.
        """
        scale = 1.0 / math.sqrt(max(1, query.shape[-1])) if self.scale is None else self.scale
        if query.device.type == "cpu" and not _is_power_of_two(scale):
            query = upcast(query)
        return query if scale == 1.0 else query * scale

    def project_key(self, key: Float[Tensor, "... S D"]) -> Float[Tensor, "... S D"]:
        """The keys as they are."""
        return key

    def extra_repr(self) -> str:
        """Its setting, for printing."""
        return f"scale={self.scale}"


def _is_power_of_two(scale: float) -> bool:
    """Whether a product with it rounds nothing."""
    return math.frexp(scale)[0] in (0.5, -0.5)
