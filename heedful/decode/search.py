"""Search of any width: a beam of one is greedy search, which is quicker."""

from typing import Any

from jaxtyping import Int
from torch import Tensor

from heedful.decode.beam import beam
from heedful.decode.constraint import Constraint
from heedful.decode.greedy import greedy
from heedful.decode.hypothesis import Hypothesis, Stepwise


def search(
    model: Stepwise,
    source: Int[Tensor, "B S"],
    lengths: Int[Tensor, " _"],
    *,
    size: int,
    nbest: int = 1,
    max_length: int,
    constraint: Constraint | None = None,
    **penalties: Any,
) -> list[list[Hypothesis]]:
    """The best outputs of each sentence, best first: `beam`'s, or for a `size` of 1 `greedy`'s, which are the same.

    `penalties` are those of `beam`. One output competes with no other, so that the score of greedy
    search is the log-probability as it is.
    Raises: ValueError, as `beam` and `greedy` do.
    """
    if size == nbest == 1:
        found = greedy(model, source, lengths, constraint=constraint, max_length=max_length)
        return [[one] for one in found]
    return beam(
        model,
        source,
        lengths,
        size=size,
        nbest=nbest,
        constraint=constraint,
        max_length=max_length,
        **penalties,
    )
