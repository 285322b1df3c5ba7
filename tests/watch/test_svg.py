"""A map as a drawing: every label inside it, wide maps folded, and a key."""

from xml.etree import ElementTree

import torch

from heedful.watch import svg
from heedful.watch.words import ems

NAME = "{http://www.w3.org/2000/svg}"


def texts(root):
    return {one.text: one.attrib for one in root.iter(f"{NAME}text")}


def squares(root):
    return [one for one in root.iter(f"{NAME}rect") if one.find(f"{NAME}title") is not None]


def test_wide_letters_are_not_cut_off():
    wide = "W" * 24
    root = ElementTree.fromstring(svg(torch.rand(1, 1), [wide], ["M" * 24], title="W" * 50))
    assert float(texts(root)[wide]["x"]) - 13 * ems(wide) >= 0
    assert float(root.attrib["width"]) >= 8 + 1.1 * 13 * ems("W" * 50)
    x, y = map(float, texts(root)["M" * 24]["transform"][10:].split(")")[0].split())
    assert y - 0.866 * 13 * ems("M" * 24) >= 24, "under the title"
    assert x + 0.5 * 13 * ems("M" * 24) <= float(root.attrib["width"])


def test_a_wide_map_is_folded_and_keeps_every_weight():
    columns = [f"word{i}" for i in range(101)]
    root = ElementTree.fromstring(svg(torch.rand(2, 101), ["a", "b"], columns))
    assert len(squares(root)) == 202
    assert float(root.attrib["width"]) < 1300
    assert len({one.attrib["y"] for one in squares(root)}) == 2 * 3
    assert set(columns) <= set(texts(root))


def test_the_key_says_what_the_shades_go_from_and_to():
    assert {"0", "1"} <= set(texts(ElementTree.fromstring(svg(torch.rand(1, 1), ["a"], ["b"]))))


def test_a_chinese_character_stands_upright_over_its_column():
    found = texts(ElementTree.fromstring(svg(torch.rand(1, 2), ["a"], ["书", "book"])))
    assert "transform" not in found["书"]
    assert "rotate" in found["book"]["transform"]


def test_a_map_of_nothing_is_a_drawing():
    for shape, rows, columns in (((2, 0), ["a", "b"], []), ((0, 2), [], ["a", "b"])):
        found = ElementTree.fromstring(svg(torch.zeros(shape), rows, columns))
        assert float(found.attrib["width"]) > 0
        assert float(found.attrib["height"]) > 0
        assert {"0", "1"} <= set(texts(found)), "the key stands"


def test_no_slanted_label_is_cut_off_however_many_columns_there_are():
    for count in (1, 2, 5, 12, 47, 48, 49, 96, 200):
        for last in ("</s>", "Wirtschaftswissenschaft", "W", "ספר"):
            columns = [*("." for _ in range(count - 1)), last]
            root = ElementTree.fromstring(svg(torch.rand(2, count), ["a", "b"], columns, title="t"))
            for one in root.iter(f"{NAME}text"):
                if "transform" in one.attrib:
                    x, y = map(float, one.attrib["transform"][10:].split(")")[0].split())
                    # The corner of the letters' box that is farthest to the right, and the one that is highest.
                    assert x + 0.5 * 13 * ems(one.text) + 0.866 * 0.3 * 13 <= float(root.attrib["width"])
                    assert y - 0.866 * 13 * ems(one.text) - 0.5 * 13 >= 18


def test_a_large_square_map_is_about_as_wide_as_high():
    for rows, columns in ((60, 60), (25, 100)):
        words = [f"w{i}" for i in range(columns)]
        root = ElementTree.fromstring(svg(torch.rand(rows, columns), words[:rows], words))
        height, width = float(root.attrib["height"]), float(root.attrib["width"])
        assert width / 2.5 < height < 2.5 * width
