"""What a search gives back."""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Hypothesis:
    """One output: `tokens` without BOS and EOS, and what the model thinks of it.

    `log_probability` is the model's own, of the tokens and of EOS unless the output was cut at the greatest length;
    `score` is what search compared, penalties included. `attention` is ``[T, S]``: for each token the weights over
    the S positions of the memory, 0 on its padding. It is None unless the search was asked for it, and for a model
    that does not look.
    """

    tokens: list[int]
    score: float
    log_probability: float
    attention: Float[Tensor, "T S"] | None = None
