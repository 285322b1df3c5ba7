"""How finished outputs of different length and coverage are compared."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

_LEAST_COVERAGE = 1e-9
"""A position that was never looked at counts as covered this much, so that its logarithm is finite."""


@dataclass(frozen=True)
class Penalty:
    """Scores ``log P / lp + cp``: ``lp = ((5 + T) / 6)^length``, ``cp = coverage sum_s log min(1, sum_t a_ts)``.

    T counts the tokens, EOS included; ``a_ts`` is where the model looked for token t, s the positions of the memory
    that are real. `length` 0 compares plain probabilities, and larger numbers favour longer outputs.
    Raises: ValueError, when `coverage` is negative.
    Source: Wu et al. 2016, eq. 14 (arXiv:1609.08144).
    """

    length: float = 1.0
    coverage: float = 0.0

    def __post_init__(self) -> None:
        if self.coverage < 0:
            raise ValueError(f"coverage penalty is {self.coverage}, expected 0 (none) or more.")

    def score(
        self,
        log_probability: Float[Tensor, "A N"],
        tokens: int,
        *,
        covered: Float[Tensor, "A N S"] | None,
        keep: Bool[Tensor, "A S"] | None,
    ) -> Float[Tensor, "A N"]:
        """Scores of outputs of `tokens` tokens; `covered` is how much each position was looked at, summed.

        `keep` says which positions are real (None: all).
        Raises: ValueError, when coverage counts and the model does not look.
        """
        scores = log_probability / self._divisor(tokens)
        if self.coverage == 0:
            return scores
        if covered is None:
            raise ValueError(
                f"coverage penalty is {self.coverage}, but this model has no attention to its source: set it to 0."
            )
        logs = covered.clamp(_LEAST_COVERAGE, 1.0).log()
        if keep is not None:  # padding is never looked at: its logarithm would be the least there is
            logs = logs.masked_fill(~keep.unsqueeze(1), 0.0)
        return scores + self.coverage * logs.sum(-1)

    def divisors(self, tokens: Int[Tensor, " B"]) -> Float[Tensor, " B"]:
        """The length penalty ``lp`` of outputs of so many tokens."""
        return torch.tensor([self._divisor(count) for count in tokens.tolist()], device=tokens.device)

    def bound(
        self, log_probability: Float[Tensor, " A"], tokens: int, last: Float[Tensor, " A"]
    ) -> Float[Tensor, " A"]:
        """What no output can exceed that grows from one of this probability.

        `tokens` is the least number of tokens that it can have, and `last` the length penalty of the greatest. Its
        probability can only fall, and its coverage penalty is no more than 0. The length penalty rises or falls with
        every token, so that one of the two ends of the range is the best case.
        """
        return log_probability / last.clamp_min(self._divisor(tokens))

    def _divisor(self, tokens: int) -> float:
        """The length penalty ``lp``."""
        return ((5 + tokens) / 6) ** self.length
