"""What a saliency model finds, as maps over the picture: the scan path on the saliency map, and all maps behind it."""

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from heedful.axes import Grid, Words
from heedful.data.image import Picture
from heedful.model.saliency import FEATURES, Attended, Saliency, promotion
from heedful.watch.map import Map
from heedful.watch.mark import Mark, Overlay, ScanPath


def saliency_maps(
    found: Saliency, picture: Picture, path: Sequence[Attended] = (), *, every: bool = False
) -> list[Map]:
    """The saliency map of the only picture of a batch, with a scan path over it.

    With `every`, also the conspicuity maps and, feature by feature, the 42 feature maps, each with the factor
    ``(1 - m)^2`` by which N(.) multiplies it. Maps are scaled by their highest place, and are shown at the scale of the
    output.
    """
    width, height = picture.size
    stops = [Mark(place.x * width, place.y * height, f"{place.time:.0f} ms") for place in path]
    overlay = Overlay(marks=[[ScanPath(stops)] if stops else []])
    maps = [_map({"saliency": found.total}, picture, title="saliency" if every else "", overlay=overlay)]
    if not every:
        return maps
    maps.append(_map(found.conspicuity, picture, title="conspicuity", overlay=_factors(found.conspicuity)))
    for feature in FEATURES:
        names = [name for name in found.maps if name.startswith(f"{feature} ")]
        parts = {name.removeprefix(f"{feature} "): found.at_output_scale(name) for name in names}
        factors = _factors({name: found.maps[name] for name in names})
        maps.append(_map(parts, picture, title=feature, overlay=factors))
    return maps


def _factors(parts: Mapping[str, Float[Tensor, "1 _ _"]]) -> Overlay:
    return Overlay([f"× {float(promotion(part)[0]):.2f}" for part in parts.values()])


def _map(parts: Mapping[str, Float[Tensor, "1 _ _"]], picture: Picture, *, title: str, overlay: Overlay) -> Map:
    """Maps of one picture as the rows of one, each scaled by its highest place."""
    scaled = torch.stack([part[0] / part.max().clamp_min(1e-12) for part in parts.values()])
    grid = Grid(scaled.shape[1], scaled.shape[2], picture.size, pixels=picture.pixels)
    return Map(scaled.flatten(1), Words(list(parts)), grid, title=title, heading=picture.where, overlay=overlay)
