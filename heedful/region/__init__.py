"""Regions: which keys a query may attend to. One file a variant; ``&`` intersects them."""

from heedful.deprecation import Renamed, deprecated_attribute
from heedful.region.base import Intersection, Region, Span, min_lengths
from heedful.region.causal import Causal
from heedful.region.everywhere import Everywhere
from heedful.region.padding import Padding
from heedful.region.predicted import Predicted
from heedful.region.window import Window

__all__ = ["Causal", "Everywhere", "Intersection", "Padding", "Predicted", "Region", "Span", "Window", "min_lengths"]

_RENAMED = {
    "Both": Renamed("heedful.region:Intersection", "heedful.region.Intersection"),
    "shorter": Renamed("heedful.region:min_lengths", "heedful.region.min_lengths"),
}


def __getattr__(name: str) -> object:
    """Old names, with a warning (PEP 562)."""
    return deprecated_attribute(__name__, name, _RENAMED)
