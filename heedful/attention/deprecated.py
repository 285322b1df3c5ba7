"""`pooled_map` and `row_summary`, which `survey` does now. They work for one more release."""

from typing import Any, NamedTuple

from jaxtyping import Float, Int
from torch import Tensor

from heedful.attention.maps import survey
from heedful.attention.memory import Memory
from heedful.kernel import StatsRequest


class RowSummary(NamedTuple):
    """The best keys of each query, their weights, and the entropy of its weights: three fields of `Stats`."""

    index: Int[Tensor, "... T k"]  # pyright: ignore[reportIncompatibleMethodOverride]  # hides tuple.index, on purpose
    weight: Float[Tensor, "... T k"]
    entropy: Float[Tensor, "... T"]


def pooled_map(
    query: Float[Tensor, "... T Q"],
    key: Float[Tensor, "... S K"] | Memory,
    *,
    grid: tuple[int, int] = (64, 64),
    **options: Any,
) -> Float[Tensor, "... r c"]:
    """``survey(query, key, request=StatsRequest(grid=grid, context=False)).mass``; takes the options of `survey`."""
    return survey(query, key, request=StatsRequest(grid, context=False), **options).mass


def row_summary(
    query: Float[Tensor, "... T Q"], key: Float[Tensor, "... S K"] | Memory, *, best: int = 1, **options: Any
) -> RowSummary:
    """``survey(query, key, request=StatsRequest(best=best, context=False))``; takes the options of `survey`."""
    found = survey(query, key, request=StatsRequest(best=best, context=False), **options)
    return RowSummary(found.index, found.weight, found.entropy)
