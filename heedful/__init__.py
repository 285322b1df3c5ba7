"""Attention you can choose, train and see.

The public names, loaded when first used: `import heedful` imports nothing heavy, not even torch.
"""

import importlib
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from heedful.attention import (
        Memory,
        StatsRequest,
        align,
        align_blocks,
        attend,
        select,
        survey,
    )
    from heedful.choice import (
        Argmax,
        Entmax15,
        Gumbel,
        Hard,
        Soft,
        Sparse,
        Sparsemax,
        StopGradient,
        StraightThrough,
        TopK,
    )
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
        *("align_blocks", "survey", "StatsRequest"),
    ),
    "heedful.score": ("Dot", "General", "Cosine", "Concat", "Additive", "Location"),
    "heedful.region": ("Everywhere", "Causal", "Window", "Predicted", "Padding"),
    "heedful.choice": (
        *("Soft", "Hard", "Sparse", "Argmax", "Gumbel", "StopGradient", "StraightThrough"),
        *("Sparsemax", "Entmax15", "TopK"),
    ),
    "heedful.structure": ("Attention", "MultiHead"),
    "heedful.watch": ("record",),
    "heedful.papers": ("cite",),
    "heedful.task": ("fit", "load", "evaluate", "show"),
    "heedful.shapes": ("ShapeError",),
    "heedful.errors": ("UserError",),
}
# What belongs to a public name and is rarely needed: importable from here, too, and not in `__all__`.
_BESIDE = {"reinforce": "heedful.choice", "moving_baseline": "heedful.choice"}
# Modules that `import heedful` reaches as attributes: heedful.testing.laws, say.
_MODULES = (
    *("attention", "axes", "choice", "data", "decode", "errors", "kernel", "layer", "machine", "metric", "model"),
    *("papers", "region", "score", "shapes", "store", "structure", "task", "testing", "train", "watch"),
)
_OLD = "heedful.attention.deprecated"
_RENAMED = {
    "Stopped": ("heedful.choice:StopGradient", "heedful.StopGradient"),
    "Wanted": ("heedful.attention:StatsRequest", "heedful.StatsRequest"),
    "pooled_map": (f"{_OLD}:pooled_map", "survey(..., request=StatsRequest(grid=grid, context=False)).mass"),
    "row_summary": (f"{_OLD}:row_summary", "survey(..., request=StatsRequest(best=best, context=False))"),
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
    "StatsRequest",
    "StopGradient",
    "StraightThrough",
    "TopK",
    "UserError",
    "Window",
    "__version__",
    "align",
    "align_blocks",
    "attend",
    "cite",
    "evaluate",
    "fit",
    "load",
    "record",
    "select",
    "show",
    "survey",
]


def __getattr__(name: str) -> object:
    """Loads a public name from the room it lives in, or a room, at its first use (PEP 562)."""
    if name in _MODULES:
        return importlib.import_module(f"heedful.{name}")
    home = _MODULE_OF.get(name) or _BESIDE.get(name)
    if home is None:
        from heedful.deprecation import Renamed, deprecated_attribute

        return deprecated_attribute(__name__, name, {old: Renamed(*new) for old, new in _RENAMED.items()})
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value  # later look-ups find it there, and do not come here
    return value


def __dir__() -> list[str]:
    """The public names too, though they are not loaded yet."""
    return sorted({*globals(), *__all__, *_BESIDE, *_MODULES})
