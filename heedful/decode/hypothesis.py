"""The result of a search."""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Hypothesis:
    """An output: `tokens` without BOS and EOS, and its scores.

    `log_probability` is that of the model, for the tokens and EOS (without EOS if the output was cut at the length
    limit). `score` includes the penalties by which search ranks outputs. `attention` ``[T, S]`` has for each token the
    weights over the S positions of the memory, 0 on padding. It is None unless it was requested, and for a model
    without attention.
    """

    tokens: list[int]
    score: float
    log_probability: float
    attention: Float[Tensor, "T S"] | None = None
