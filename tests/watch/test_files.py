"""Maps in files: what is written can be read back, opens offline, and says so when letters are missing."""

import json
import re
import sys
from xml.etree import ElementTree

import numpy as np
import pytest
import torch

from heedful import ShapeError, UserError
from heedful.watch import Map, check_format, save_maps, svg

ROWS, COLUMNS = ["三", "本", "书"], ["three", "<b>&", "books", "$x_1$"]


def _map(**more):
    return Map(torch.softmax(torch.randn(3, 4), -1), ROWS, COLUMNS, "a & b", **more)


@pytest.mark.parametrize("suffix", [".npz", ".jsonl"])
def test_numbers_and_words_come_back(tmp_path, suffix):
    maps = [_map(layers={"decoder.0": torch.rand(2, 3, 4)}), _map()]
    save_maps(maps, tmp_path / f"out{suffix}")
    if suffix == ".npz":
        with np.load(tmp_path / "out.npz") as arrays:
            read = [(arrays[f"{i}/weights"], arrays[f"{i}/rows"], arrays[f"{i}/columns"]) for i in range(2)]
            np.testing.assert_array_equal(arrays["0/layers/decoder.0"], maps[0].layers["decoder.0"])
    else:
        lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()]
        read = [(np.array(line["weights"]), line["rows"], line["columns"]) for line in lines]
    for map_, (weights, rows, columns) in zip(maps, read, strict=True):
        np.testing.assert_allclose(weights, map_.weights, atol=1e-5)
        assert list(rows) == ROWS
        assert list(columns) == COLUMNS


def test_an_svg_is_xml_with_a_square_a_weight_and_a_text_a_word():
    weights = _map().weights
    root = ElementTree.fromstring(svg(weights, ROWS, COLUMNS, title="a & b"))
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    largest = f"largest {float(weights.max()):.2g}"
    assert sorted(texts) == sorted(["a & b", *ROWS, *COLUMNS, "0", "1", largest])
    squares = [one for one in root.iter("{http://www.w3.org/2000/svg}rect") if len(one)]
    assert len(squares) == 12


def test_darker_is_heavier():
    colours = re.findall(r'fill="#(\w+)"><title>', svg(torch.tensor([[0.0, 0.3, 0.6, 1.0]]), ["x"], list("abcd")))
    sums = [sum(bytes.fromhex(colour)) for colour in colours]
    assert sums == sorted(sums, reverse=True)
    assert len(set(sums)) == 4


def test_a_page_needs_nothing_from_elsewhere_and_escapes_words(tmp_path):
    save_maps([_map(), _map()], tmp_path / "out.html")
    page = (tmp_path / "out.html").read_text(encoding="utf-8")
    assert page.count("<table>") == 2
    assert "&lt;b&gt;&amp;" in page
    assert "<b>" not in page
    assert "http" not in page
    assert "<script" not in page


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_the_sentences_of_a_text_are_one_picture_and_texts_are_counted(tmp_path, suffix):
    if suffix == ".png":
        pytest.importorskip("matplotlib")
    text = [Map(torch.rand(1, 2), ["0.6"], ["a", "b"], "han"), Map(torch.rand(1, 2), ["0.4"], ["c", "d"])]
    save_maps(text, tmp_path / f"one{suffix}")
    save_maps([*text, *text, _map()], tmp_path / f"more{suffix}")
    written = sorted(path.stem for path in tmp_path.iterdir())
    assert written == ["more-1", "more-2", "more-3", "one"]
    if suffix == ".svg":
        assert "the heaviest of each" in (tmp_path / "one.svg").read_text()


@pytest.mark.parametrize("suffix", [".png", ".pdf"])
def test_a_picture_tells_which_letters_no_font_has(tmp_path, suffix):
    pytest.importorskip("matplotlib")
    weights = torch.rand(1, 2)
    assert save_maps([Map(weights, ["house"], ["Haus", "$x_1$"])], tmp_path / f"a{suffix}") is None
    maps = [Map(torch.rand(2, 2), ["\U0001f9ff", "c"], ["a", "b"]), Map(weights, ["ꙮ"], ["a", "b"])]
    hint = save_maps(maps, tmp_path / f"b{suffix}")
    assert hint is None or ".svg" in hint  # a machine may have a font for anything
    written = sorted(path.name for path in tmp_path.iterdir())
    assert written == [f"a{suffix}", f"b-1{suffix}", f"b-2{suffix}"]
    start = {".png": b"\x89PNG", ".pdf": b"%PDF"}[suffix]
    assert all(path.read_bytes().startswith(start) for path in tmp_path.iterdir())


def test_without_matplotlib_the_error_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(UserError, match=r"heedful\[plot\]"):
        save_maps([_map()], tmp_path / "a.png")
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_suffix_is_told_before_the_work(tmp_path):
    with pytest.raises(UserError, match=r"did you mean '\.html'"):
        check_format(tmp_path / "out.htm")
    with pytest.raises(UserError, match=r"\.npz"):
        check_format(tmp_path / "out")


def test_a_map_without_its_words_is_refused():
    with pytest.raises(ShapeError, match="3 Words for rows and 4 Words for columns"):
        Map(torch.rand(4, 3), ROWS, COLUMNS)


def test_nan_weights_are_written_not_hidden(tmp_path):
    map_ = Map(torch.tensor([[float("nan"), 1.0]]), ["x"], ["a", "b"])
    save_maps([map_], tmp_path / "out.html")
    save_maps([map_], tmp_path / "out.svg")
    assert "nan" in (tmp_path / "out.html").read_text()
    assert "#bbbbbb" in (tmp_path / "out.svg").read_text()


def test_a_font_installed_since_the_last_run_is_found(monkeypatch):
    """Matplotlib keeps its list of fonts from one run to the next, so that the advice to install one would not help."""
    font_manager = pytest.importorskip("matplotlib.font_manager")
    from heedful.watch.fonts import fonts_for

    known = {font.name: font for font in font_manager.fontManager.ttflist}
    base, new = (known[name] for name in ("DejaVu Sans", "STIXGeneral"))
    letters = set(font_manager.get_font(new.fname).get_charmap()) - set(font_manager.get_font(base.fname).get_charmap())
    monkeypatch.setattr(font_manager.fontManager, "ttflist", [base])
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: [base.fname, new.fname])
    assert fonts_for(chr(max(letters))) == (["STIXGeneral"], set())
