"""Search of any width: greedy search for a beam of size 1, because it is faster, and beam search otherwise."""

from typing import Any

from jaxtyping import Int
from torch import Tensor

from heedful.decode.beam import beam
from heedful.decode.constraint import Constraint
from heedful.decode.greedy import greedy
from heedful.decode.hypothesis import Hypothesis
from heedful.decode.stepwise import Stepwise


def search(
    model: Stepwise,
    memory: Any,
    *,
    size: int,
    nbest: int = 1,
    max_length: int | Int[Tensor, " _"],
    constraint: Constraint | None = None,
    **settings: Any,
) -> list[list[Hypothesis]]:
    """The best outputs for each row of `memory`, best first: those of `beam`, or, for a `size` of 1, of `greedy`.

    `memory` is the result of the model's `encode`. `settings` are further arguments of `beam`. A `size` of 1 finds a
    single output, and penalties are not applied: the score is the log-probability.
    Raises: ValueError, as `beam` and `greedy` do.
    """
    if size == nbest == 1:
        attention = settings.get("attention", False)
        best = greedy(model, memory, constraint=constraint, attention=attention, max_length=max_length)
        return [[hypothesis] for hypothesis in best]
    return beam(model, memory, size=size, nbest=nbest, constraint=constraint, max_length=max_length, **settings)
