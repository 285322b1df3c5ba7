"""A text as a drawing: every word readable on its shade, in its place, whatever the words hold."""

import math
from itertools import pairwise
from xml.etree import ElementTree

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from heedful.shapes import ShapeError
from heedful.watch import Map, highlight_svg
from heedful.watch.colour import MISSING, behind
from heedful.watch.words import ems

NAME = "{http://www.w3.org/2000/svg}"
CHINESE = "这家酒店的服务态度非常好，房间也很干净。"


def seen(words, weights=None, name="", title=""):
    weights = torch.softmax(torch.randn(len(words)), 0) if weights is None else torch.tensor(weights)
    return Map(weights[None], (name,), tuple(words), title)


def boxes(root):
    """Of every word in order: its text, its box and shade, what pointing at it tells."""
    for group in root.iter(f"{NAME}g"):
        square, text, told = (group.find(f"{NAME}{kind}") for kind in ("rect", "text", "title"))
        assert square is not None
        assert text is not None
        assert told is not None
        left, top, width, height = (float(square.attrib[key]) for key in ("x", "y", "width", "height"))
        yield text.text, (left, top, left + width, top + height), square.attrib["fill"], told.text


def drawn(maps, **settings):
    root = ElementTree.fromstring(highlight_svg(maps, **settings))
    return root, list(boxes(root))


def test_each_word_stands_on_the_shade_of_its_weight_and_tells_it():
    root, found = drawn([seen(["good", "<b>&", "x"], [0.2, 0.5, float("nan")], "pos", "a & b")], scale="map")
    assert [(text, shade, told) for text, _, shade, told in found] == [
        ("good", behind(0.4), "good: 0.200"),
        ("<b>&", behind(1.0), "<b>&: 0.500"),
        ("x", MISSING, "x: nan"),
    ]
    texts = [one.text for one in root.iter(f"{NAME}text")]
    assert {"a & b", "pos", "0", "0.5"} <= set(texts), "title, name, and what the shades go from and to"


@settings(max_examples=50)
@given(st.lists(st.text(max_size=9) | st.sampled_from([CHINESE, "W" * 60, "a"]), min_size=1, max_size=12))
def test_words_stand_in_order_inside_the_drawing_and_never_on_one_another(words):
    root, found = drawn([seen(words, title="t"), seen(words)])
    places = [place for _, place, _, _ in found]
    assert len(places) == 2 * len(words)
    assert float(root.attrib["width"]) < 900
    for left, top, right, bottom in places:
        assert left >= 0
        assert top >= 24
        assert right <= float(root.attrib["width"])
        assert bottom <= float(root.attrib["height"])
    for one, other in pairwise(places):
        assert one[2] <= other[0] + 0.11 if one[1] == other[1] else one[3] <= other[1]
    assert all(14 * ems(text) <= right - left + 0.2 for text, (left, _, right, _), _, _ in found)


@pytest.mark.parametrize("words", [["word"] * 1000, list(CHINESE) * 50, ["extraordinarily"] * 1000])
def test_a_thousand_words_are_wrapped_into_lines_that_are_nearly_full(words):
    root, found = drawn([seen(words)])
    columns = math.ceil(float(root.attrib["width"]) / 900)
    rows = {(place[1], int(place[0] / 760)) for _, place, _, _ in found}
    assert len(found) == 1000
    assert float(root.attrib["height"]) < 2200, "long texts are set in columns"
    assert columns == (3 if "extraordinarily" in words else 1)
    assert sum(14 * ems(word) for word in words) / 720 < len(rows) < 2 * sum(14 * ems(word) for word in words) / 720


def test_sentences_begin_lines_of_their_own_with_their_names_in_front():
    root, found = drawn([seen("ab", name="0.75", title="han"), seen("cd", name="0.25")])
    tops = [place[1] for _, place, _, _ in found]
    assert tops[0] == tops[1] < tops[2] == tops[3]
    names = {one.text: float(one.attrib["y"]) for one in root.iter(f"{NAME}text")}
    assert tops[0] < names["0.75"] < tops[2] < names["0.25"]
    assert "the heaviest of each, at least 3 times its mean weight" in names


def test_nothing_to_look_at_says_so():
    assert "empty" in highlight_svg([Map(torch.zeros(1, 0), ("x",), (), "t")])


def test_a_map_of_two_rows_is_refused():
    with pytest.raises(ShapeError, match="2 rows"):
        highlight_svg([Map(torch.rand(2, 2), ("a", "b"), ("c", "d"))])


@pytest.mark.parametrize("count", [2000, 20_000])
def test_a_document_of_many_sentences_is_a_bounded_picture(count):
    words = ["word"] * 20
    root, found = drawn([seen(words, name="0.01", title="" if i else "HAN") for i in range(count // 20)])
    assert float(root.attrib["height"]) < 2200
    assert float(root.attrib["width"]) < 4200
    texts = [one.text for one in root.iter(f"{NAME}text")]
    missing = [text for text in texts if "more words" in text]
    assert missing == ([f"… {count - len(found)} more words; a page (.html) has all of them"] if count > 5000 else [])
    for left, top, right, bottom in (place for _, place, _, _ in found):
        assert 0 <= left < right <= float(root.attrib["width"])
        assert 0 <= top < bottom <= float(root.attrib["height"])


def test_a_text_from_the_right_begins_at_the_right_end_of_its_line():
    _, found = drawn([seen(["א", "ב", "ג", "</s>"])])
    lefts = [place[0] for _, place, _, _ in found]
    assert lefts == sorted(lefts, reverse=True)
    assert [text for text, _, _, _ in found] == ["\u2068א\u2069", "\u2068ב\u2069", "\u2068ג\u2069", "</s>"]
