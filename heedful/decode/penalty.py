"""Length and coverage penalties, by which finished outputs are compared."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

_LEAST_COVERAGE = 1e-9
"""The smallest coverage: the logarithm of a position without attention must be finite."""


@dataclass(frozen=True)
class Penalty:
    """Scores ``log P / lp + cp``: ``lp = ((5 + T) / 6)^length``, ``cp = coverage sum_s log min(1, sum_t a_ts)``.

    T is the number of tokens, EOS included; ``a_ts`` is the attention weight of token t on position s of the memory,
    for all real positions. `length` 0 compares plain probabilities; larger numbers favour longer outputs.
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
        """Scores of outputs of `tokens` tokens; `covered` is the sum of attention weights on each position.

        `keep` marks the real positions (None: all).
        Raises: ValueError, when the coverage penalty is set and the model has no attention.
        """
        scores = log_probability / self._divisor(tokens)
        if self.coverage == 0:
            return scores
        if covered is None:
            raise ValueError(
                f"coverage penalty is {self.coverage}, but this model has no attention to its source: set it to 0."
            )
        logs = covered.clamp(_LEAST_COVERAGE, 1.0).log()
        # Padding gets no attention and would be penalised as uncovered.
        if keep is not None:
            logs = logs.masked_fill(~keep.unsqueeze(1), 0.0)
        return scores + self.coverage * logs.sum(-1)

    def divisors(self, tokens: Int[Tensor, " B"]) -> Float[Tensor, " B"]:
        """The length penalty ``lp`` for each number of tokens."""
        # In Python's floats, as in `score`: both must round alike for `bound` to be exact.
        return torch.tensor([self._divisor(count) for count in tokens.tolist()], device=tokens.device)

    def bound(
        self, log_probability: Float[Tensor, " A"], tokens: int, last: Float[Tensor, " A"]
    ) -> Float[Tensor, " A"]:
        """An upper bound on the scores of all outputs that extend one of this log-probability.

        `tokens` is the smallest number of tokens that they can have, and `last` the length penalty of the largest.
        """
        # Log-probabilities only fall, and the coverage penalty is at most 0. The length penalty is monotonic in the
        # number of tokens, so that its maximum is at one of the two ends of the range.
        return log_probability / last.clamp_min(self._divisor(tokens))

    def _divisor(self, tokens: int) -> float:
        """The length penalty ``lp``."""
        return ((5 + tokens) / 6) ** self.length
