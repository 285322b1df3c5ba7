"""Greedy search: always the likeliest token."""

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
    """The output whose every token is the likeliest after those before it; the same as `beam` of size 1.

    `memory` is what the model's `encode` gave. `max_length` is the greatest number of tokens, EOS included, of each
    row or of all; longer outputs are cut there. With a `constraint` it is the likeliest of what that allows. With
    `attention` every hypothesis says where the model looked.

    Returns: one hypothesis for each row of memory.
    Raises: ValueError, when `max_length` is below 1, or too small for the constraint.
    """
    return follow(
        model, memory, choose=_likeliest, constraint=constraint, attention=attention, max_length=max_length
    )  # fmt: skip


def _likeliest(log_probability: Tensor) -> Tensor:
    return log_probability.argmax(-1)
