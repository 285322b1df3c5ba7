"""Regions of decoders: the position of a step in another sequence, and a past that grows while a text is generated."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from heedful.attention import Memory
from heedful.kernel import Bounds, Gaussian
from heedful.region import Causal, Everywhere, Intersection, Predicted, Region, Span, Window
from heedful.region.predicted import keys_around
from heedful.shapes import pad_batch_axes


@dataclass(frozen=True, eq=False)
class UpTo(Region):
    """Query ``t`` may attend to keys ``0 .. last_t``; `last` is ``[*B, T]``."""

    last: Int[Tensor, "*B T"]

    def bounds(self, query: Float[Tensor, "... T Q"], span: Span) -> Bounds:
        """The keys up to `last`."""
        last = pad_batch_axes(self.last, span.batch_axes, trailing_axes=1)
        return Bounds(span.queries, span.keys, stop=last + 1)


def at_position(region: Region, position: Int[Tensor, "B T"], memory: Memory) -> Region:
    """A region with an explicit position for each query.

    By default a region places the last query at the last key, as in self-attention. A decoder's step i belongs to
    source position i, or to the end of a shorter source (Luong's local-m: p_t = t). Regions that do not depend on the
    query's position are returned unchanged.
    """
    if isinstance(region, Intersection):
        return Intersection(at_position(region.first, position, memory), at_position(region.second, position, memory))
    if isinstance(region, Causal):
        return UpTo(position)
    if isinstance(region, Window) and region.centre is None:
        last = _real_keys(memory).unsqueeze(-1) - 1
        return Window(region.radius, centre=torch.minimum(position, last))
    return region


def needs_position(region: Region) -> bool:
    """Whether `at_position` changes the region."""
    if isinstance(region, Intersection):
        return needs_position(region.first) or needs_position(region.second)
    return isinstance(region, Causal) or (isinstance(region, Window) and region.centre is None)


@dataclass(frozen=True, eq=False)
class PredictedSoFar(Region):
    """A predicted window whose centre is a fraction of the query's past, not of the whole memory.

    `Predicted` multiplies a fraction by the length of the memory. While a text is generated its length is unknown.
    """

    predicted: Predicted

    def bounds(self, query: Float[Tensor, "... T Q"], span: Span) -> Bounds:
        """The interval around the predicted centre in the query's past, and the Gaussian."""
        # For a memory of two keys `centre` is the fraction itself: fraction * (2 - 1).
        fraction = self.predicted.centre(query, Span(span.queries, 2, span.batch_axes, span.device))
        past = torch.arange(span.keys - span.queries, span.keys, device=span.device) + 1
        centre = fraction * (past - 1).clamp(min=0)
        radius = self.predicted.radius
        start, stop = keys_around(centre, radius, span.keys)
        return Bounds(span.queries, span.keys, start=start, stop=stop, gates=(Gaussian(centre, radius / 2),))


def over_the_past(region: Region) -> Region:
    """The region for a memory that grows: predicted windows become fractions of each query's past."""
    if isinstance(region, Intersection):
        return Intersection(over_the_past(region.first), over_the_past(region.second))
    return PredictedSoFar(region) if isinstance(region, Predicted) else region


def causal(region: Region) -> Region:
    """The region for causal self-attention over all steps at once."""
    # Without the intersection where it changes nothing, because engines are fastest with the simplest region.
    return Causal() if isinstance(region, Everywhere) else Causal() & over_the_past(region)


def _real_keys(memory: Memory) -> Int[Tensor, " B"]:
    """The number of real source positions of each row."""
    if memory.keep is None:
        return torch.full(memory.key.shape[:1], memory.key.shape[-2], device=memory.key.device)
    # The keep of a memory of several heads is [B, 1, S].
    return (memory.keep[:, 0] if memory.keep.ndim > 2 else memory.keep).sum(-1)
