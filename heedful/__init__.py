"""Attention you can choose, train and see.

The public names, loaded when first used: `import heedful` imports nothing heavy, not even torch.
"""

import importlib
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from heedful.attention import (
        Memory,
        Wanted,
        align,
        align_blocks,
        attend,
        pooled_map,
        row_summary,
        select,
        survey,
    )
    from heedful.choice import Argmax, Entmax15, Gumbel, Hard, Soft, Sparse, Sparsemax, Stopped, StraightThrough, TopK
    from heedful.errors import UserError
    from heedful.papers import cite
    from heedful.region import Causal, Everywhere, Padding, Predicted, Window
    from heedful.score import Additive, Concat, Cosine, Dot, General, Location
    from heedful.shapes import ShapeError
    from heedful.structure import Attention, MultiHead
    from heedful.task import evaluate, fit, load, show
    from heedful.watch import record

_HOME = {
    "heedful.attention": (
        *("attend", "align", "select", "Memory"),
        *("align_blocks", "pooled_map", "row_summary", "survey", "Wanted"),
    ),
    "heedful.score": ("Dot", "General", "Cosine", "Concat", "Additive", "Location"),
    "heedful.region": ("Everywhere", "Causal", "Window", "Predicted", "Padding"),
    "heedful.choice": (
        *("Soft", "Hard", "Sparse", "Argmax", "Gumbel", "Stopped", "StraightThrough"),
        *("Sparsemax", "Entmax15", "TopK"),
    ),
    "heedful.structure": ("Attention", "MultiHead"),
    "heedful.watch": ("record",),
    "heedful.papers": ("cite",),
    "heedful.task": ("fit", "load", "evaluate", "show"),
    "heedful.shapes": ("ShapeError",),
    "heedful.errors": ("UserError",),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}

__all__ = [
    "Additive",
    "Argmax",
    "Attention",
    "Causal",
    "Concat",
    "Cosine",
    "Dot",
    "Entmax15",
    "Everywhere",
    "General",
    "Gumbel",
    "Hard",
    "Location",
    "Memory",
    "MultiHead",
    "Padding",
    "Predicted",
    "ShapeError",
    "Soft",
    "Sparse",
    "Sparsemax",
    "Stopped",
    "StraightThrough",
    "TopK",
    "UserError",
    "Wanted",
    "Window",
    "__version__",
    "align",
    "align_blocks",
    "attend",
    "cite",
    "evaluate",
    "fit",
    "load",
    "pooled_map",
    "record",
    "row_summary",
    "select",
    "show",
    "survey",
]


def __getattr__(name: str) -> object:
    """Loads a public name from the room it lives in (PEP 562)."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'heedful' has no attribute {name!r}")
    value = getattr(importlib.import_module(_MODULE_OF[name]), name)
    globals()[name] = value  # the next look-up does not come here again
    return value


def __dir__() -> list[str]:
    """The public names too, though they are not loaded yet."""
    return sorted({*globals(), *__all__})
