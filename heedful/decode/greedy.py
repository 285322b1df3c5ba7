"""Greedy search: always the likeliest token."""

from jaxtyping import Int
from torch import Tensor

from heedful.decode.constraint import Constraint
from heedful.decode.hypothesis import Hypothesis, Stepwise
from heedful.decode.path import follow


def greedy(
    model: Stepwise,
    source: Int[Tensor, "B S"],
    lengths: Int[Tensor, " _"],
    *,
    constraint: Constraint | None = None,
    max_length: int,
) -> list[Hypothesis]:
    """The output whose every token is the likeliest after those before it; the same as `beam` of size 1.

    `max_length` is the greatest number of tokens, EOS included; longer outputs are cut there. With a `constraint` it
    is the likeliest of what that allows.

    Returns: one hypothesis for each sentence.
    Raises: ValueError, when `max_length` is below 1, or too few for the constraint.
    """
    return follow(model, source, lengths, choose=_likeliest, constraint=constraint, max_length=max_length)


def _likeliest(log_probability: Tensor) -> Tensor:
    return log_probability.argmax(-1)
