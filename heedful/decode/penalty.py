"""How finished outputs of different length and coverage are compared."""

from dataclasses import dataclass

from jaxtyping import Bool, Float
from torch import Tensor

_LEAST_COVERAGE = 1e-9
"""A source token that was never looked at counts as covered this much, so that its logarithm is finite."""


@dataclass(frozen=True)
class Penalty:
    """Scores ``log P / lp + cp``: ``lp = ((5 + T) / 6)^length``, ``cp = coverage sum_s log min(1, sum_t a_ts)``.

    T counts the tokens, EOS included; ``a_ts`` is where the model looked for token t. `length` 0 compares plain
    probabilities, and larger numbers favour longer outputs.
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
        keep: Bool[Tensor, "A S"],
    ) -> Float[Tensor, "A N"]:
        """Scores of outputs of `tokens` tokens; `covered` is how much each source token was looked at, summed.

        Raises: ValueError, when coverage counts and the model did not look.
        """
        scores = log_probability / self._divisor(tokens)
        if self.coverage == 0:
            return scores
        if covered is None:
            raise ValueError(
                f"coverage penalty is {self.coverage}, but this model does not look at its source: set it to 0."
            )
        logs = covered.clamp(_LEAST_COVERAGE, 1.0).log()
        return scores + self.coverage * logs.masked_fill(~keep.unsqueeze(1), 0.0).sum(-1)

    def bound(self, log_probability: Float[Tensor, " A"], tokens: int, longest: int) -> Float[Tensor, " A"]:
        """What no output can exceed that grows from one of this probability to between `tokens` and `longest` tokens.

        Its probability can only fall, its coverage penalty is no more than 0, and of the lengths one of the two ends
        is kindest.
        """
        return log_probability / max(self._divisor(tokens), self._divisor(longest))

    def _divisor(self, tokens: int) -> float:
        """The length penalty ``lp``."""
        return ((5 + tokens) / 6) ** self.length
