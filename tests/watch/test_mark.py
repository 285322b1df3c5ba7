"""Marks over pictures: each at its pixel, numbered, explained, in every format, and nothing changes without them."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest
import torch

from heedful import ShapeError, UserError
from heedful.watch import Grid, Map, Mark, Overlay, ScanPath, Slots, draw, load_maps, save_maps, svg
from heedful.watch.layout_mark import CASING, MARK
from heedful.watch.mark import letters, signed
from heedful.watch.page import page

NAME = "{http://www.w3.org/2000/svg}"
PATH = ScanPath([Mark(75, 50, "30 ms"), Mark(225, 150, "68 ms"), Mark(20, 180)])
BOX = Mark.around((60, 40, 120, 100), label="beak")


def picture(size=(300, 200), cells=(4, 6)):
    pixels = np.random.default_rng(3).integers(0, 256, (size[1], size[0], 3)).astype(np.uint8)
    return Grid(*cells, size, pixels=pixels)


def drawing(overlay, *, grid=None, rows=("x",), weights=None):
    grid = grid or picture()
    weights = torch.rand(len(rows), len(grid)) if weights is None else weights
    return ElementTree.fromstring(svg(weights, list(rows), grid, overlay=overlay))


def texts(root):
    return [each.text for each in root.iter(f"{NAME}text")]


def frames(root):
    """The pictures: left, top, and how many pixels of paper each of their pixels has."""
    boxes = [each.attrib for each in root.iter(f"{NAME}rect") if each.attrib.get("stroke") == "#bbbbbb"]
    return [(float(at["x"]), float(at["y"]), float(at["width"]), float(at["height"])) for at in boxes]


def outlines(root, colour=MARK):
    boxes = [each.attrib for each in root.iter(f"{NAME}rect") if each.attrib.get("stroke") == colour]
    return [tuple(float(at[name]) for name in ("x", "y", "width", "height")) for at in boxes]


def centres(root):
    """Of polygons with many corners, which are discs and dots."""
    shapes = [re.findall(r"([-\d.]+),([-\d.]+)", each.attrib["points"]) for each in root.iter(f"{NAME}polygon")]
    rounds = [[(float(x), float(y)) for x, y in corners] for corners in shapes if len(corners) > 3]
    return [tuple(sum(side) / len(corners) for side in zip(*corners, strict=True)) for corners in rounds]


@pytest.mark.parametrize("size", [(300, 200), (200, 300), (640, 32), (7, 5)])
def test_a_box_and_a_point_lie_on_their_pixels(size):
    width, height = size
    box = (0.2 * width, 0.4 * height, 0.6 * width, 0.9 * height)
    marks = [Mark.around(box), Mark(0.75 * width, 0.25 * height)]
    root = drawing(Overlay(marks=[marks]), grid=picture(size))
    ((left, top, across, down),) = frames(root)
    (found,) = outlines(root)
    expected = left + 0.2 * across, top + 0.4 * down, 0.4 * across, 0.5 * down
    assert found == pytest.approx(expected, abs=0.2)
    assert outlines(root, CASING) == [pytest.approx(expected, abs=0.2)], "a light line lies below the coloured one"
    assert centres(root) == [pytest.approx((left + 0.75 * across, top + 0.25 * down), abs=0.2)]


def test_what_reaches_beyond_the_picture_is_cut_off():
    root = drawing(Overlay(marks=[[Mark.around((-50, -50, 150, 100)), Mark(1000, 1000)]]))
    ((left, top, across, down),) = frames(root)
    assert outlines(root) == [pytest.approx((left, top, across / 2, down / 2), abs=0.2)]
    assert centres(root) == [pytest.approx((left + across, top + down), abs=0.2)]


def test_stops_are_numbered_joined_by_arrows_and_explained():
    root = drawing(Overlay(marks=[[PATH]]))
    assert [text for text in texts(root) if text.isdigit()] == ["1", "2", "3"]
    assert "1: 30 ms   2: 68 ms" in texts(root), "a stop without a label needs no line"
    ((left, top, across, down),) = frames(root)
    expected = [(left + x / 300 * across, top + y / 200 * down) for x, y in ((75, 50), (225, 150), (20, 180))]
    assert centres(root) == [pytest.approx(at, abs=0.2) for at in expected]
    heads = [each for each in root.iter(f"{NAME}polygon") if len(each.attrib["points"].split()) == 3]
    assert len(heads) == 2
    # The first head's tip points from the first stop to the second.
    tip = tuple(map(float, heads[0].attrib["points"].split()[0].split(",")))
    first, second = (np.array(at) for at in expected[:2])
    towards = (second - first) / np.linalg.norm(second - first)
    assert tip == pytest.approx(tuple(second - 8 * towards), abs=0.3)


def test_stops_at_one_point_keep_a_number_each():
    again = [Mark(100, 100)] * 5
    root = drawing(Overlay(marks=[[ScanPath(again)]]))
    found = centres(root)
    assert len({(round(x), round(y)) for x, y in found}) == 5
    assert [text for text in texts(root) if text.isdigit()] == list("12345")


def test_a_glimpse_of_several_sizes_has_a_box_for_each():
    glimpse = Mark.around((100, 80, 140, 120), (80, 60, 160, 140), (40, 20, 200, 180), label="fixation")
    assert (glimpse.x, glimpse.y) == (120, 100)
    assert len(outlines(drawing(Overlay(marks=[[ScanPath([glimpse, Mark(250, 20)])]])))) == 3


def test_labels_keep_clear_of_one_another():
    crowd = [Mark.around((100 + i, 80 + i, 120 + i, 100 + i), label=f"part {i}") for i in range(12)]
    root = drawing(Overlay(marks=[crowd]))
    boxes = [each.attrib for each in root.iter(f"{NAME}rect") if each.attrib.get("fill-opacity") == "0.8"]
    areas = [tuple(float(at[name]) for name in ("x", "y", "width", "height")) for at in boxes]
    assert 1 < len(areas) < 12
    for index, (left, top, width, height) in enumerate(areas):
        for x, y, across, down in areas[:index]:
            assert left >= x + across or x >= left + width or top >= y + down or y >= top + height
    told = " ".join(texts(root))
    assert all(f"part {i}" in told for i in range(12)), "what has no room on the picture stands below it"


def test_each_row_has_its_marks_and_its_note():
    overlay = Overlay(["β 0.93", ""], [[BOX], []])
    root = drawing(overlay, rows=("a", "bird"))
    assert {"a", "bird", "β 0.93", "beak"} <= set(texts(root))
    ((x, _, _, _),) = outlines(root)
    first, second = frames(root)
    assert first[0] <= x < second[0]


def test_a_map_of_zeros_shows_the_picture_in_its_colours_and_no_weights():
    root = drawing(Overlay(marks=[[PATH]]), weights=torch.zeros(1, 24))
    assert not any("max" in text or "largest" in text for text in texts(root))
    (image,) = root.iter(f"{NAME}image")
    coloured = image.attrib["href"]
    root = drawing(Overlay(marks=[[PATH]]))
    (image,) = root.iter(f"{NAME}image")
    assert image.attrib["href"] != coloured
    assert any("max" in text for text in texts(root))


def test_every_text_lies_inside_the_drawing():
    crowd = [Mark.around((i, i, i + 3, i + 3), label="W" * 40) for i in range(6)]
    stops = ScanPath([Mark(i, i, "W" * 30) for i in range(6)])
    for size in ((300, 200), (9, 180), (1, 1)):
        root = drawing(Overlay(["W" * 40], [[*crowd, stops]]), grid=picture(size))
        width, height = float(root.attrib["width"]), float(root.attrib["height"])
        for each in root.iter(f"{NAME}text"):
            assert 0 <= float(each.attrib["x"]) <= width
            assert 0 <= float(each.attrib["y"]) <= height


@pytest.mark.parametrize("suffix", [".npz", ".jsonl"])
def test_marks_are_saved_and_read_back(tmp_path, suffix):
    overlay = Overlay(["β 0.93", ""], [[BOX, PATH], []])
    seen = Map(torch.rand(2, 24), ["a", "bird"], picture(), "t", overlay=overlay)
    save_maps([seen, Map(torch.rand(1, 2), ["a"], ["b", "c"])], tmp_path / f"out{suffix}")
    read, plain = load_maps(tmp_path / f"out{suffix}")
    assert read.overlay == overlay
    assert plain.overlay == Overlay()


def test_marks_that_are_none_are_refused_with_their_place(tmp_path):
    save_maps([Map(torch.rand(1, 4), ["a"], Grid(2, 2, (9, 9)), overlay=Overlay(marks=[[BOX]]))], tmp_path / "a.jsonl")
    text = (tmp_path / "a.jsonl").read_text()
    (tmp_path / "b.jsonl").write_text(text.replace('"x"', '"z"'))
    with pytest.raises(UserError, match=r"b.jsonl:1.*marks"):
        load_maps(tmp_path / "b.jsonl")


def test_an_overlay_that_does_not_fit_is_refused():
    with pytest.raises(ShapeError, match="2 notes for 1 rows"):
        Map(torch.rand(1, 4), ["a"], Grid(2, 2, (9, 9)), overlay=Overlay(["x", "y"]))
    with pytest.raises(ShapeError, match="Slots"):
        draw(torch.rand(1, 4), ["a"], Slots(4), overlay=Overlay(marks=[[BOX]]))
    for wrong in (lambda: Mark.around((3, 3, 3, 9)), lambda: Mark(float("nan"), 0), Mark.around, lambda: ScanPath([])):
        with pytest.raises(ValueError, match="box|finite|mark"):
            wrong()


def test_signs_go_on_through_all_marks():
    marks = [BOX, PATH, Mark(1, 1), ScanPath([Mark(0, 0)])]
    assert [each.sign for each in signed(marks)] == ["a", "1", "2", "3", "b", "4"]
    assert [letters(number) for number in (0, 25, 26, 27, 52, 701, 702)] == ["a", "z", "aa", "ab", "ba", "zz", "aaa"]


def test_the_terminal_has_numbers_in_the_cells_and_tells_what_they_are():
    weights = torch.zeros(1, 24)
    weights[0, 9] = 0.5
    found = str(draw(weights, ["saliency"], picture(), width=60, overlay=Overlay(marks=[[PATH, BOX]]))).splitlines()
    cells = [line[: 2 * 12] for line in found[1:9]]  # 12 × 8 cells of 25 pixels
    assert cells[2][6:8] == "1 "
    assert cells[6][18:20] == "2 "
    assert cells[7][0:2] == "3 "
    assert [cells[row][2 * column] for row in (1, 4) for column in (2, 4)] == list("aaaa")
    assert "1: 30 ms   2: 68 ms   a: beak" in found
    assert found[-1] == "0 ·░▒▓█ 0.5"


def test_the_terminal_tells_of_marks_in_one_cell():
    path = ScanPath([Mark(10, 10, "30 ms"), Mark(11, 11, "99 ms")])
    found = str(draw(torch.zeros(1, 1), ["x"], Grid(1, 1, (300, 200)), overlay=Overlay(marks=[[path]]))).splitlines()
    assert "1: 30 ms   2: 99 ms at 1" in found
    assert not any(line.startswith("0 ·") for line in found), "no shades to explain"


def test_notes_stand_beside_labels_in_every_view():
    overlay = Overlay(["β 0.12", "β 0.93"])
    for columns in (Grid(1, 2, (8, 8)), Slots(2), ["u", "v"]):
        seen = Map(torch.rand(2, 2), ["of", "dog"], columns, overlay=overlay)
        views = [str(draw(seen.weights, seen.rows, seen.columns, overlay=overlay)), page([seen])]
        views.append(svg(seen.weights, seen.rows, seen.columns, overlay=overlay))
        for view in views:
            assert "β 0.12" in view
            assert "β 0.93" in view
    (label, *_), (note, *_) = (re.findall(word, str(draw(torch.rand(1, 1), ["W" * 40], Grid(1, 1, (8, 8)),
        overlay=Overlay(["β 0.12"])))) for word in ("W+", "β 0.12"))
    assert len(label) < 18, "a long label is cut, the note is not"
    assert note == "β 0.12"


def test_a_mark_cannot_break_out_of_a_page():
    marks = [[Mark.around((0, 0, 5, 5), label="<script>\x1b[31m"), ScanPath([Mark(1, 1, "<b>")])]]
    text = page([Map(torch.rand(1, 4), ["x"], Grid(2, 2, (9, 9)), overlay=Overlay(["<i>"], marks))])
    assert not any(tag in text for tag in ("<script", "<b>", "<i>", "\x1b"))


def test_marks_are_drawn_in_pictures(tmp_path):
    pytest.importorskip("matplotlib")
    image = pytest.importorskip("PIL.Image")
    grid = Grid(1, 1, (300, 200), pixels=np.full((200, 300, 3), 128, np.uint8))
    overlay = Overlay(marks=[[PATH, BOX]])
    save_maps([Map(torch.zeros(1, 1), ["x"], grid, overlay=overlay)], tmp_path / "out.png")
    drawn = np.asarray(image.open(tmp_path / "out.png").convert("RGB")).astype(int)
    colour = np.array(list(bytes.fromhex(MARK[1:])))
    assert (np.abs(drawn - colour).max(2) <= 2).sum() > 500
    save_maps([Map(torch.zeros(1, 1), ["x"], grid, overlay=overlay)], tmp_path / "out.pdf")
