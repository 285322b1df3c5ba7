"""A classifier of pictures: answers, and where it looked in pixels of the original."""

import numpy as np
import pytest
import torch

from heedful.axes import Grid
from heedful.errors import UserError
from heedful.watch import ScanPath, draw
from tests.task.label_image.pictures import COLOURS, SMALL, tiny

pytest.importorskip("PIL")

EVERY = pytest.mark.parametrize("model", SMALL)
LOOKING = pytest.mark.parametrize("model", [name for name in SMALL if name != "plain"])


def pictures(folder, count=7):
    return [folder / "pictures" / f"{number}.png" for number in range(count)]


@EVERY
def test_a_label_has_probabilities_that_sum_to_one_and_the_order_is_kept(model, tmp_path):
    labeller = tiny(tmp_path, model)
    together = labeller.predict(pictures(tmp_path))
    for path, label in zip(pictures(tmp_path), together, strict=True):
        assert tuple(label.probabilities) == tuple(COLOURS)
        assert sum(label.probabilities.values()) == pytest.approx(1.0, abs=1e-6)
        assert label.probability == max(label.probabilities.values())
        alone = labeller.predict([str(path)], attention=False)[0]
        assert alone.probabilities == pytest.approx(label.probabilities, abs=1e-5)
        assert not alone.maps


@LOOKING
def test_maps_lie_on_the_original_and_boxes_are_in_its_pixels(model, tmp_path):
    label = tiny(tmp_path, model).predict(pictures(tmp_path, 1))[0]
    (map_,) = label.maps
    assert isinstance(map_.columns, Grid)
    assert map_.columns.picture == (40, 30)
    assert map_.columns.crop == (0.0, -5.0, 40.0, 35.0)  # a letterbox of 40 × 40 around 40 × 30
    assert label.label in map_.title
    for left, top, right, bottom in label.boxes.values():
        assert left < right
        assert top < bottom
        assert 0 <= (left + right) / 2 <= 40
        assert -5 <= (top + bottom) / 2 <= 35
    if model != "ram":
        assert torch.allclose(map_.weights.sum(-1), torch.ones(len(map_.rows)), atol=1e-5)


def test_the_box_of_a_part_is_around_the_heaviest_cell_of_its_map(tmp_path):
    label = tiny(tmp_path, "fcan").predict(pictures(tmp_path, 1))[0]
    (map_,) = label.maps
    assert list(map_.rows) == list(label.boxes) == ["part 1", "part 2"]
    for weights, (left, top, right, bottom) in zip(map_.weights, label.boxes.values(), strict=True):
        best = int(weights.argmax())
        row, column = divmod(best, 4)
        # A cell is 10 × 10 pixels of the letterbox, and a window three cells.
        assert (left, top, right, bottom) == pytest.approx(
            (10 * column - 10, 10 * row - 15, 10 * column + 20, 10 * row + 15)
        )


def test_glimpses_are_a_path_and_begin_at_the_centre(tmp_path):
    label = tiny(tmp_path, "ram").predict(pictures(tmp_path, 1))[0]
    assert list(label.boxes) == ["glimpse 1", "glimpse 2", "glimpse 3"]
    assert label.boxes["glimpse 1"] == pytest.approx((15.0, 10.0, 25.0, 20.0))  # 4 of 16 pixels of 40
    (map_,) = label.maps
    ((path,),) = map_.overlay.marks
    assert isinstance(path, ScanPath)
    assert len(path.stops) == 3


def test_parts_have_the_names_of_the_table(tmp_path):
    assert list(tiny(tmp_path, "attribute-guided").predict(pictures(tmp_path, 1))[0].boxes) == ["beak", "tail"]


@LOOKING
def test_maps_are_drawn(model, tmp_path):
    (map_,) = tiny(tmp_path, model).predict(pictures(tmp_path, 1))[0].maps
    assert draw(map_.weights, map_.rows, map_.columns, overlay=map_.overlay) is not None


def test_pixels_are_a_picture_too(tmp_path):
    labeller = tiny(tmp_path, "soft")
    path = pictures(tmp_path, 1)[0]
    pixels = labeller.reader.original(path).picture.pixels
    expected = labeller.predict([path])[0].probabilities
    assert labeller.predict([pixels])[0].probabilities == expected
    assert labeller.predict([torch.from_numpy(pixels.copy())])[0].probabilities == expected
    grey = labeller.predict([np.full((30, 40), 200, np.uint8), np.full((30, 40, 3), 200, np.uint8)])
    assert grey[0].probabilities == grey[1].probabilities


@pytest.mark.parametrize(
    ("questions", "message"),
    [
        ("a.png", "expected a list of pictures, got one text"),
        ([3], "expected a picture, but item 0 is 3"),
        ([np.zeros((4, 4))], r"item 0 is float64\[4, 4\].*uint8"),
        ([np.zeros((4, 4, 4), np.uint8)], r"item 0 is uint8\[4, 4, 4\]"),
        (["gone.png"], "there is no such picture"),
    ],
)
def test_what_is_no_picture_is_told(questions, message, tmp_path):
    with pytest.raises(UserError, match=message):
        tiny(tmp_path, "soft").predict(questions)


def test_a_model_that_returns_something_else_is_told(tmp_path):
    labeller = tiny(tmp_path, "plain")
    labeller.model.forward = lambda pictures, grid: torch.zeros(len(pictures), 7)
    with pytest.raises(UserError, match=r"returned float32\[1, 7\].*expected scores \[1, 2\]"):
        labeller.predict(pictures(tmp_path, 1))


def test_no_picture_is_no_answer(tmp_path):
    assert tiny(tmp_path, "soft").predict([]) == []
