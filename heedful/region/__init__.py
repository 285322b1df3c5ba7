"""Regions: which keys may a query look at? One file a variant; ``&`` intersects them."""

from heedful.region.base import Both, Region, Span, shorter
from heedful.region.causal import Causal
from heedful.region.everywhere import Everywhere
from heedful.region.padding import Padding
from heedful.region.predicted import Predicted
from heedful.region.window import Window

__all__ = ["Both", "Causal", "Everywhere", "Padding", "Predicted", "Region", "Span", "Window", "shorter"]
