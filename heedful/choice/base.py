"""What every choice is: scores in, weights out."""

from abc import ABC, abstractmethod

from jaxtyping import Bool, Float
from torch import Tensor, nn

from heedful.kernel import Pick


class Choice(nn.Module, ABC):
    """How is weight given to keys, once they are scored?

    Every choice is final. Its weights are in at least float32, zero where a key may not be seen, and a row that
    sees nothing is all zero.
    """

    @property
    def softmax_temperature(self) -> float | None:
        """The temperature when this is a plain softmax, which fused engines know; None otherwise."""
        return None

    @property
    def pick(self) -> Pick | None:
        """What it picks when it leaves weight on a few keys only, which fused engines find; None otherwise."""
        return None

    @property
    def random(self) -> bool:
        """Whether weights are drawn."""
        return False

    def seeded(self, block: int) -> "Choice":
        """The same choice with its randomness, if any, drawn once for a block of queries."""
        return self

    @abstractmethod
    def forward(
        self, scores: Float[Tensor, "... T S"], visible: Bool[Tensor, "... #T #S"] | None = None
    ) -> Float[Tensor, "... T S"]:
        """Weights for scores; `visible` is True where a query may look (None: everywhere)."""
