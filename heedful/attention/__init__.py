"""The one door: attend, align, select, the memory that is looked at, and maps too large to keep."""

from heedful.attention.ask import align, attend, select
from heedful.attention.maps import RowSummary, align_blocks, pooled_map, row_summary, survey
from heedful.attention.memory import Memory, ScoreLike
from heedful.choice import Selection
from heedful.kernel import Survey, Wanted

__all__ = [
    "Memory",
    "RowSummary",
    "ScoreLike",
    "Selection",
    "Survey",
    "Wanted",
    "align",
    "align_blocks",
    "attend",
    "pooled_map",
    "row_summary",
    "select",
    "survey",
]
