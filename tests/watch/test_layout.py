"""Maps over pictures, scales and tables as drawings: each weight at its place, and every label inside."""

import re
import struct
import zlib
from base64 import b64decode
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pytest
import torch

from heedful.watch import Cells, Grid, Lines, Map, Seconds, Slots, save_maps, svg
from heedful.watch.colour import MISSING, shade
from heedful.watch.page import page
from heedful.watch.raster import faded, png, pool_columns, thumbnail
from heedful.watch.scene import PEAK
from heedful.watch.words import ems

NAME = "{http://www.w3.org/2000/svg}"
LONG = "W" * 60


def drawing(weights, rows, columns, **more):
    return ElementTree.fromstring(svg(weights, rows, columns, **more))


def tipped(root):
    """What can be pointed at: its tip, and its rectangle as left, top, right, bottom."""
    found = {}
    for one in root.iter(f"{NAME}rect"):
        tip = one.find(f"{NAME}title")
        if tip is not None:
            x, y, width, height = (float(one.attrib[name]) for name in ("x", "y", "width", "height"))
            found[tip.text] = (one.attrib, (x, y, x + width, y + height))
    return found


def frames(root):
    """The rectangles around pictures or matrices."""
    boxes = (one.attrib for one in root.iter(f"{NAME}rect") if one.attrib.get("stroke") == "#bbbbbb")
    return [(float(at["x"]), float(at["y"]), float(at["width"]), float(at["height"])) for at in boxes]


def decoded(data):
    """The pixels of a PNG file of 8 bits without filters, read by the format's own description."""
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    chunks, at = {}, 8
    while at < len(data):
        length, name = struct.unpack(">I4s", data[at : at + 8])
        body = data[at + 8 : at + 8 + length]
        assert struct.unpack(">I", data[at + 8 + length : at + 12 + length])[0] == zlib.crc32(name + body)
        chunks[name], at = body, at + 12 + length
    width, height, depth, kind = struct.unpack(">IIBB", chunks[b"IHDR"][:10])
    channels = {0: 1, 2: 3, 6: 4}[kind]
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, 1 + width * channels)
    assert depth == 8
    assert not rows[:, 0].any()
    return rows[:, 1:].reshape(height, width, channels)


def embedded(root):
    return [decoded(b64decode(one.attrib["href"].partition(",")[2])) for one in root.iter(f"{NAME}image")]


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 3), (5, 7, 4)])
def test_a_png_holds_its_pixels(shape):
    pixels = np.random.default_rng(3).integers(0, 256, shape).astype(np.uint8)
    assert np.array_equal(decoded(png(pixels)), pixels.reshape(5, 7, -1))


def test_a_thumbnail_keeps_the_proportions_and_the_mean():
    pixels = np.random.default_rng(3).integers(0, 256, (301, 1003, 3)).astype(np.uint8)
    small = thumbnail(pixels, 100)
    assert small.shape == (30, 100, 3)
    assert abs(float(small.mean()) - float(pixels.mean())) < 3
    assert thumbnail(pixels, 2000) is pixels
    assert thumbnail(pixels[:, :, 0], 100).shape == (30, 100)
    assert faded(pixels).min() >= 110, "weights are darker than any part of the picture"


def test_columns_are_pooled_to_their_sums():
    weights = torch.arange(14.0).reshape(2, 7)
    pooled, size = pool_columns(weights, 3)
    assert size == 3
    assert pooled.tolist() == [[3, 12, 6], [24, 33, 13]]
    assert pool_columns(weights, 7)[0] is weights


@pytest.mark.parametrize("picture", [(300, 200), (200, 300), (77, 77)])
def test_each_cell_lies_on_its_part_of_the_picture(picture):
    grid = Grid(2, 3, picture)
    root = drawing(torch.rand(2, 6), ["sky", "dog"], grid)
    found, panels = tipped(root), frames(root)
    assert len(found) == 12
    for word, (left, top, width, height) in zip(["sky", "dog"], panels, strict=True):
        assert width / height == pytest.approx(picture[0] / picture[1], rel=0.01)
        for i in range(6):
            tip = next(tip for tip in found if tip.startswith(f"{word} → {grid[i]}: "))
            scale = width / picture[0]
            expected = [scale * edge for edge in grid.box(i)]
            assert found[tip][1] == pytest.approx(
                (left + expected[0], top + expected[1], left + expected[2], top + expected[3]), abs=0.2
            )


def test_a_crop_and_padding_stay_on_the_picture():
    root = drawing(torch.rand(1, 16), ["x"], Grid(4, 4, (400, 200), crop=(0.0, -100.0, 400.0, 300.0)))
    ((left, top, width, height),) = frames(root)
    boxes = [box for _, box in tipped(root).values()]
    assert len(boxes) == 8, "two rows of cells are padding"
    assert min(box[0] for box in boxes) == pytest.approx(left, abs=0.2)
    assert max(box[3] for box in boxes) == pytest.approx(top + height, abs=0.2)
    assert max(box[2] for box in boxes) == pytest.approx(left + width, abs=0.2)
    on_padding = torch.zeros(1, 16)
    on_padding[0, 0] = 1.0
    assert "max 1, on padding" in svg(on_padding, ["x"], Grid(4, 4, (400, 200), crop=(0.0, -100.0, 400.0, 300.0)))


def test_the_heaviest_cell_is_outlined_and_the_scale_is_that_of_the_map():
    weights = torch.tensor([[0.1, 0.4, 0.0, 0.2], [0.2, 0.2, 0.2, 0.2], [0.0, 0.0, 0.0, 0.0]])
    root = drawing(weights, ["x", "y", "z"], Grid(2, 2, (8, 8)))
    outlines = [one for one in root.iter(f"{NAME}rect") if one.attrib.get("stroke") == PEAK]
    assert len(outlines) == 1, "where several share the largest weight there is none"
    found = tipped(root)
    assert found["x → row 0, column 1: 0.400"][0]["fill"] == shade(1.0)
    assert found["y → row 0, column 0: 0.200"][0]["fill"] == shade(0.5)
    texts = [one.text for one in root.iter(f"{NAME}text")]
    assert {"max 0.4", "max 0.2", "max 0", "0.4"} <= set(texts)


def test_the_picture_is_in_the_file_once_and_shines_through_light_cells():
    pixels = np.full((20, 30, 3), 200, np.uint8)
    root = drawing(torch.tensor([[0.0, 0.5], [0.25, 0.25]]), ["x", "y"], Grid(1, 2, (30, 20), pixels=pixels))
    (picture,) = embedded(root)
    assert picture.shape == (20, 30, 1)
    assert len(list(root.iter(f"{NAME}use"))) == 2
    found = tipped(root)
    opacity = [float(found[tip][0]["fill-opacity"]) for tip in found]
    assert opacity == pytest.approx([0.0, 0.9, 0.45, 0.45])


def test_a_large_photo_makes_a_small_file():
    pixels = np.random.default_rng(3).integers(0, 256, (3000, 2000, 3)).astype(np.uint8)
    assert len(svg(torch.rand(3, 9), list("abc"), Grid(3, 3, (2000, 3000), pixels=pixels))) < 200_000


def test_the_pixels_of_a_time_map_are_its_weights():
    weights = torch.tensor([[0.0, 0.5, 1.0], [1.0, 0.0, float("nan")]])
    root = drawing(weights, ["a", "b"], Seconds(0.0, 0.5, 3))
    (pixels,) = embedded(root)
    expected = [[f"#{bytes(pixels[24 * t + 9, 24 * s + 9]).hex()}" for s in range(3)] for t in range(2)]
    assert expected == [[shade(0.0), shade(128 / 255), shade(1.0)], [shade(1.0), shade(0.0), MISSING]]


@pytest.mark.parametrize("length", [3, 60, 899, 5000])
def test_ticks_stand_below_their_second(length):
    root = drawing(torch.rand(2, length), ["a", "b"], Seconds(2.0, 0.05, length))
    ((left, _, width, _),) = frames(root)
    ticks = [one for one in root.iter(f"{NAME}text") if one.attrib.get("text-anchor") == "middle"]
    assert len(ticks) > 1
    for tick in ticks:
        at = (float(tick.text.removesuffix(" s")) - 2.0) / 0.05 / length
        assert float(tick.attrib["x"]) == pytest.approx(left + at * width, abs=2.0)
    places = sorted(float(tick.attrib["x"]) for tick in ticks)
    widest = max(11 * ems(tick.text) for tick in ticks)
    assert min(b - a for a, b in pairwise(places)) > widest, "no two texts touch"


def test_many_rows_on_a_scale_have_a_ruler():
    root = drawing(torch.eye(200), Seconds(0.0, 0.1, 200), Seconds(0.0, 0.1, 200))
    texts = [one.text for one in root.iter(f"{NAME}text")]
    assert len(texts) < 60
    assert float(root.attrib["height"]) < 900


def test_a_table_stands_for_each_row():
    root = drawing(torch.rand(2, 6), ["first", "second"], Cells(["Rome", "Berlin"], ["year", "area", "书"]))
    texts = [one.text for one in root.iter(f"{NAME}text")]
    assert sorted(texts[:-3]) == sorted([*["Rome", "Berlin", "year", "area", "书"] * 2, "first", "second"])
    assert len(tipped(root)) == 12
    assert any(tip.startswith("second → Berlin, area: ") for tip in tipped(root))


COLUMNS = [
    Grid(1, 2, (30, 20)),
    Grid(1, 2, (1, 60000)),
    Seconds(0.0, 0.1, 2),
    Slots(2),
    Cells([LONG], ["W" * 50, "书" * 30]),
    Lines([LONG * 3, "<b>&\x1b[31m"]),
]


@pytest.mark.parametrize("columns", COLUMNS, ids=str)
def test_every_label_lies_inside_the_drawing(columns):
    root = drawing(torch.rand(2, 2), [LONG, "书" * 30], columns, title="W" * 40)
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    sizes = []
    for one in root.iter(f"{NAME}text"):
        size = float(one.attrib.get("font-size", 13))
        length = size * ems(one.text)
        if "transform" in one.attrib:
            x, y = map(float, re.findall(r"translate\(([\d.-]+) ([\d.-]+)\)", one.attrib["transform"])[0])
            box = (x, y - 0.866 * length, x + 0.5 * length + size, y)
        else:
            x, y = float(one.attrib["x"]), float(one.attrib["y"])
            share = {"start": 0.0, "middle": 0.5, "end": 1.0}[one.attrib.get("text-anchor", "start")]
            box = (x - share * length, y - size, x + (1 - share) * length, y + 3)
        sizes.append((one.text, box))
    for text, (left, top, right, bottom) in sizes:
        assert left >= 0, text
        assert top >= 0, text
        assert right <= width, text
        assert bottom <= height, text


@pytest.mark.parametrize("columns", COLUMNS, ids=str)
def test_labels_cannot_break_out_of_a_page(columns):
    text = page([Map(torch.rand(2, 2), ["<script>alert(1)</script>", "a\x1b[31m"], columns, "<b>")])
    assert "<script" not in text
    assert "<b>" not in text
    assert "\x1b" not in text
    assert text.count("<svg") == 1
    assert "http://" not in text.replace("http://www.w3.org/2000/svg", "")


@pytest.mark.parametrize("suffix", [".png", ".pdf"])
@pytest.mark.parametrize("columns", COLUMNS, ids=str)
def test_each_kind_is_a_picture(tmp_path, columns, suffix):
    pytest.importorskip("matplotlib")
    weights = torch.tensor([[0.1, float("nan")], [0.3, 0.6]])
    save_maps([Map(weights, ["one", "two"], columns, "$title$")], tmp_path / f"out{suffix}")
    start = {".png": b"\x89PNG", ".pdf": b"%PDF"}[suffix]
    assert (tmp_path / f"out{suffix}").read_bytes().startswith(start)


def test_a_picture_over_a_photo_shows_the_photo(tmp_path):
    pytest.importorskip("matplotlib")
    image = pytest.importorskip("PIL.Image")
    pixels = np.zeros((40, 40, 3), np.uint8)
    pixels[:, 20:] = 255
    save_maps([Map(torch.zeros(1, 1), ["x"], Grid(1, 1, (40, 40), pixels=pixels))], tmp_path / "out.png")
    drawn = np.asarray(image.open(tmp_path / "out.png").convert("RGB")).astype(int)
    middle = drawn[round(drawn.shape[0] * 0.45)]
    assert (np.abs(middle - 110).max(1) <= 2).sum() > 100, "the dark half, faded"


@pytest.mark.parametrize("columns", [Grid(2, 2, (9, 9)), Slots(0), Seconds(0.0, 0.1, 0), Cells(["r"], [])], ids=str)
def test_a_map_of_nothing_is_a_drawing(columns):
    root = drawing(torch.zeros(0, len(columns)), [], columns)
    assert float(root.attrib["width"]) > 0
    if not len(columns):
        drawing(torch.zeros(2, 0), ["a", "b"], columns)


def test_one_row_over_a_picture_is_no_running_text(tmp_path):
    save_maps([Map(torch.rand(1, 4), ["cat"], Grid(2, 2, (9, 9)))], tmp_path / "out.svg")
    assert "row 1, column 1" in (tmp_path / "out.svg").read_text()


def test_many_cells_are_pixels_of_a_picture():
    """As shapes, the 42 maps of a saliency model would make a page of megabytes."""
    weights = torch.rand(5, 900)
    weights[0, 31] = 2.0
    root = drawing(weights, list("abcde"), Grid(30, 30, (300, 300)))
    pixels = embedded(root)
    assert [each.shape for each in pixels] == [(30, 30, 3)] * 5
    assert f"#{bytes(pixels[0][1, 1]).hex()}" == shade(1.0)
    assert "a → most at row 1, column 1: 2.000" in tipped(root)
    over = drawing(weights, list("abcde"), Grid(30, 30, (300, 300), pixels=np.full((300, 300, 3), 99, np.uint8)))
    shapes = [each.shape for each in embedded(over)]
    assert sorted(shapes) == [(30, 30, 4)] * 5 + [(300, 300, 1)]
    (heavy,) = (each for each in embedded(over) if each.shape[2] == 4 and each[1, 1, 3] > 200)
    assert heavy[1, 1, 3] == round(255 * 0.9)
    padded = drawing(weights, list("abcde"), Grid(30, 30, (300, 300), crop=(-50.0, 0.0, 300.0, 300.0)))
    assert not embedded(padded), "cells on padding are cut off one by one"
