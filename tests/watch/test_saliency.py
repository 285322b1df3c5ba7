"""What a saliency model finds, as maps: the scan path at its pixels, and all 42 maps with their factors."""

import numpy as np
import pytest
import torch

from heedful.data.image import Picture
from heedful.model.saliency import FEATURES, IttiKoch, promotion, scan_path
from heedful.watch import save_maps
from heedful.watch.saliency import saliency_maps

pytest.importorskip("PIL")


@pytest.fixture(scope="module")
def looked_at():
    pixels = np.full((60, 120, 3), 90, np.uint8)
    pixels[25:35, 20:30] = (250, 40, 40)
    picture = Picture(pixels, "a.png")
    found = IttiKoch()(torch.from_numpy(pixels).permute(2, 0, 1).unsqueeze(0).float() / 255)
    return found, picture


def test_the_path_lies_on_the_picture(looked_at):
    found, picture = looked_at
    path = scan_path(found.total[0], shifts=3)
    (seen,) = saliency_maps(found, picture, path)
    ((drawn,),) = seen.overlay.marks
    assert [(stop.x, stop.y) for stop in drawn.stops] == [(place.x * 120, place.y * 60) for place in path]
    best = int(seen.weights[0].argmax())
    assert seen.columns.cell_at(drawn.stops[0].x, drawn.stops[0].y) == best
    assert seen.weights.max() == 1


def test_all_maps_say_by_what_they_are_multiplied(looked_at):
    found, picture = looked_at
    maps = saliency_maps(found, picture, every=True)
    assert [each.title for each in maps] == ["saliency", "conspicuity", *FEATURES]
    first = maps[2]
    assert list(first.rows) == ["2-5", "2-6", "3-6", "3-7", "4-7", "4-8"]
    factor = float(promotion(found.maps["intensity 2-5"])[0])
    assert first.overlay.notes[0] == f"× {factor:.2f}"
    assert len({each.columns for each in maps}) == 1


def test_many_maps_make_a_page_of_moderate_size(looked_at, tmp_path):
    found, picture = looked_at
    save_maps(saliency_maps(found, picture, every=True), tmp_path / "all.html")
    assert (tmp_path / "all.html").stat().st_size < 1_000_000
