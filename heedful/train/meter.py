"""Running sums of the loss that stay on the device: reading one after every step would make a GPU wait."""

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from heedful.layer.loss import TokenLoss


class Meter:
    """Negative log-likelihood and tokens of this rank since `reset`, and the first step with a non-finite loss."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.tokens = 0
        self._nll = torch.zeros((), dtype=torch.float64, device=device)
        self._bad = torch.full((), math.inf, dtype=torch.float64, device=device)

    def add(self, loss: TokenLoss, step: int) -> None:
        """Adds the loss of a step."""
        self._nll += loss.nll.detach().to(torch.float64)
        self.tokens += loss.tokens
        self.expect_finite(loss.total, step)

    def expect_finite(self, value: Tensor, step: int) -> None:
        """Stores the step if the value is NaN or infinite and no earlier step was."""
        # Without a branch: `if` on a tensor would wait for the device.
        self._bad = torch.where(torch.isfinite(value.detach()), self._bad, self._bad.clamp(max=step))

    def nll(self) -> float:
        return float(self._nll)

    def first_bad(self) -> float:
        """The first step with a loss or gradient that is NaN or infinite; infinity if there is none."""
        return float(self._bad)

    def reset(self) -> None:
        self._nll.zero_()
        self.tokens = 0

    def state(self) -> dict[str, Tensor]:
        return {"nll": self._nll.detach().cpu(), "tokens": torch.tensor(self.tokens)}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        self._nll.copy_(state["nll"])
        self.tokens = int(state["tokens"])
