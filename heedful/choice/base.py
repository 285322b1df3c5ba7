"""What every choice is: scores in, weights out."""

from abc import ABC, abstractmethod

from jaxtyping import Bool, Float
from torch import Tensor, nn

from heedful.kernel import Pick


class Choice(nn.Module, ABC):
    """How scores become weights.

    Choices are not subclassed further. Weights are in at least float32, zero where a key may not be seen; a row that
    may see nothing is all zero.

        >>> import torch
        >>> from heedful import Soft
        >>> Soft()(torch.tensor([[0.0, 0.0, 9.0]]), torch.tensor([[True, True, False]]))
        tensor([[0.5000, 0.5000, 0.0000]])
    """

    @property
    def softmax_temperature(self) -> float | None:
        """The temperature when this is a plain softmax, which fused engines know; None otherwise."""
        return None

    @property
    def pick(self) -> Pick | None:
        """The keys it picks when it leaves weight on a few only, which fused engines find; None otherwise."""
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
        """Weights for scores; `visible` is True where a query may attend (None: everywhere)."""
