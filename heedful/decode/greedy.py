"""Greedy search: the most likely token at each step."""

from typing import Any

from jaxtyping import Int
from torch import Tensor

from heedful.decode.constraint import Constraint
from heedful.decode.hypothesis import Hypothesis
from heedful.decode.path import follow
from heedful.decode.stepwise import Stepwise


def greedy(
    model: Stepwise,
    memory: Any,
    *,
    constraint: Constraint | None = None,
    attention: bool = False,
    max_length: int | Int[Tensor, " _"],
) -> list[Hypothesis]:
    """The output whose tokens are each the most likely after those before it; equal to `beam` of size 1.

    `memory` is the result of the model's `encode`. `max_length` is the largest number of tokens, EOS included, a number
    for all rows or for each; longer outputs are cut. With a `constraint` each token is the most likely allowed one.
    With `attention` every hypothesis has the model's attention weights.

    Returns: one hypothesis for each row of memory.
    Raises: ValueError, when `max_length` is below 1, or too small for the constraint.
    """
    return follow(
        model, memory, choose=_likeliest, constraint=constraint, attention=attention, max_length=max_length
    )  # fmt: skip


def _likeliest(log_probability: Tensor) -> Tensor:
    return log_probability.argmax(-1)
