"""``heedful saliency`` finds the odd one in a picture file, and names a file that is none."""

import numpy as np
import pytest

from heedful.cli.run import run

Image = pytest.importorskip("PIL.Image")


@pytest.fixture
def picture(tmp_path):
    """A white square on grey, left of the middle, in a small picture that is not square."""
    pixels = np.full((60, 120, 3), 90, np.uint8)
    pixels[25:35, 20:30] = 255
    Image.fromarray(pixels).save(tmp_path / "a.png")
    return tmp_path / "a.png"


def test_it_prints_the_scan_path_in_pixels_of_the_picture(picture, capsys):
    assert run(["saliency", str(picture), str(picture), "--shifts", "2"]) == 0
    header, *rows = capsys.readouterr().out.splitlines()
    assert header == "picture\tms\tx\ty"
    assert [row.split("\t")[0] for row in rows[::2]] == [str(picture)] * 2
    _, ms, x, y = rows[0].split("\t")
    assert ms == "30"
    assert abs(int(x) - 25) <= 6
    assert abs(int(y) - 30) <= 6


def test_it_draws_the_map_over_the_picture_and_its_parts(picture, tmp_path, capsys):
    assert run(["saliency", str(picture), "--out", str(tmp_path / "map.html"), "--all"]) == 0
    page = (tmp_path / "map.html").read_text()
    assert all(name in page for name in ("saliency", "intensity", "colour", "orientation", "a.png"))
    capsys.readouterr()


def test_a_file_that_is_no_picture_is_named(tmp_path, capsys):
    (tmp_path / "a.jpg").write_text("<html></html>")
    assert run(["saliency", str(tmp_path / "a.jpg")]) == 1
    told = capsys.readouterr().err
    assert "this is a web page (HTML)" in told
    assert "a.jpg" in told
