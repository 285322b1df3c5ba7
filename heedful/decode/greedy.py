"""Greedy search: always the likeliest token."""

from jaxtyping import Int
from torch import Tensor

from heedful.decode.hypothesis import Hypothesis, Stepwise
from heedful.decode.path import follow


def greedy(
    model: Stepwise, source: Int[Tensor, "B S"], lengths: Int[Tensor, " _"], *, max_length: int
) -> list[Hypothesis]:
    """The output whose every token is the likeliest after those before it; the same as `beam` of size 1.

    `max_length` is the greatest number of tokens, EOS included; longer outputs are cut there.

    Returns: one hypothesis for each sentence.
    Raises: ValueError, when `max_length` is below 1.
    """
    return follow(model, source, lengths, choose=_likeliest, max_length=max_length)


def _likeliest(log_probability: Tensor) -> Tensor:
    return log_probability.argmax(-1)
