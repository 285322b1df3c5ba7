"""Attention: attend, align, select, the memory they look at, and statistics of maps too large to keep."""

from heedful.attention.functional import align, attend, select
from heedful.attention.maps import align_blocks, survey
from heedful.attention.memory import Memory, ScoreLike
from heedful.choice import Selection
from heedful.deprecation import Renamed, deprecated_attribute
from heedful.kernel import Stats, StatsRequest

__all__ = [
    "Memory",
    "ScoreLike",
    "Selection",
    "Stats",
    "StatsRequest",
    "align",
    "align_blocks",
    "attend",
    "select",
    "survey",
]

_OLD = "heedful.attention.deprecated"
_RENAMED = {
    "Wanted": Renamed("heedful.kernel:StatsRequest", "heedful.StatsRequest"),
    "Survey": Renamed("heedful.kernel:Stats", "heedful.attention.Stats"),
    "RowSummary": Renamed(f"{_OLD}:RowSummary", "heedful.attention.Stats, which survey returns"),
    "pooled_map": Renamed(f"{_OLD}:pooled_map", "survey(..., request=StatsRequest(grid=grid, context=False)).mass"),
    "row_summary": Renamed(f"{_OLD}:row_summary", "survey(..., request=StatsRequest(best=best, context=False))"),
}


def __getattr__(name: str) -> object:
    """Old names, with a warning (PEP 562)."""
    return deprecated_attribute(__name__, name, _RENAMED)
