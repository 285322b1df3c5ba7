"""A text as a picture: wrapped, one file for all its sentences."""

import struct

import pytest
import torch

from heedful.shapes import ShapeError
from heedful.watch import Map, save_highlight

pytest.importorskip("matplotlib")


def size(path):
    assert path.read_bytes().startswith(b"\x89PNG")
    return struct.unpack(">II", path.read_bytes()[16:24])


def test_words_are_wrapped_to_the_width(tmp_path):
    for words, file in ((["word", "$x_1$", "<&>", "书"] * 75, "long.png"), (["word"], "short.png")):
        weights = torch.rand(1, len(words))
        save_highlight([Map(weights, ("pos",), words, "a $ title"), Map(weights, ("",), words)], path=tmp_path / file)
    (wide, high), (narrow, low) = size(tmp_path / "long.png"), size(tmp_path / "short.png")
    assert narrow < wide < 900 / 96 * 160
    assert high > 5 * low


def test_words_fit_their_boxes_as_they_are_measured():
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    from heedful.watch.picture_text import _figure, _measure
    from heedful.watch.sheet import lay_out

    fonts = ["DejaVu Sans"]
    words = ["WWWW", "illicit", "$x_1$", "M" * 300]
    sheet = lay_out([Map(torch.rand(1, 4), ("name",), words, "title")], _measure(fonts))
    figure = _figure(sheet, fonts)
    figure.set_dpi(96)
    renderer = FigureCanvasAgg(figure).get_renderer()
    axes = figure.axes[0]
    texts = [one for one in axes.texts if one.get_text() and one.get_ha() == "center"]
    assert len(texts) == len(words)
    for text, square in zip(texts, axes.patches, strict=False):  # after the words' boxes those of the key
        inner, outer = (one.get_window_extent(renderer) for one in (text, square))
        assert inner.x0 >= outer.x0 - 1
        assert inner.x1 <= outer.x1 + 1


def test_a_map_of_two_rows_is_refused(tmp_path):
    with pytest.raises(ShapeError, match="2 rows"):
        save_highlight([Map(torch.rand(2, 2), ("a", "b"), ("c", "d"))], path=tmp_path / "a.png")
    assert list(tmp_path.iterdir()) == []
