"""The softmax: every visible key gets some weight."""

from jaxtyping import Bool, Float
from torch import Tensor

from heedful.choice.base import Choice
from heedful.kernel import masked_softmax, upcast
from heedful.shapes import check_constant

_LEARNED = " Cosine has a temperature that learns."


class Soft(Choice):
    """``softmax(scores / temperature)`` over the visible keys.

    A lower `temperature` sharpens: towards 0 it approaches the argmax, towards infinity the mean.
    It is a constant; `Cosine` has a temperature that learns.
    Raises: ValueError, when `temperature` is not above 0; TypeError, when it is a tensor that requires a gradient.

        >>> import torch
        >>> from heedful import Soft
        >>> Soft(temperature=0.5)(torch.tensor([[0.0, 1.0]]))
        tensor([[0.1192, 0.8808]])
    """

    def __init__(self, temperature: float = 1.0) -> None:
        super().__init__()
        temperature = check_constant("Soft temperature", temperature, hint=_LEARNED)
        if not temperature > 0:
            raise ValueError(f"Soft temperature is {temperature}, expected more than 0; for an argmax use Hard().")
        self.temperature = temperature

    @property
    def softmax_temperature(self) -> float:
        """The temperature."""
        return self.temperature

    def forward(
        self, scores: Float[Tensor, "... T S"], visible: Bool[Tensor, "... #T #S"] | None = None
    ) -> Float[Tensor, "... T S"]:
        """Weights that sum to 1, or to 0 where nothing is visible."""
        return masked_softmax(scores if self.temperature == 1.0 else upcast(scores) / self.temperature, visible)

    def extra_repr(self) -> str:
        """Its setting, for printing."""
        return f"temperature={self.temperature}"
