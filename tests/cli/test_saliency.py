"""``heedful saliency`` finds the odd one in a picture file, and names a file that is none."""

import json

import numpy as np
import pytest

from heedful.cli.run import run
from heedful.model.saliency import FEATURES
from heedful.watch import load_maps

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


def test_all_maps_are_drawn_with_the_scan_path(picture, tmp_path, capsys):
    assert run(["saliency", str(picture), "--out", str(tmp_path / "map.npz"), "--all", "--shifts", "2"]) == 0
    capsys.readouterr()
    maps = load_maps(tmp_path / "map.npz")
    assert [each.title for each in maps] == ["saliency", "conspicuity", *FEATURES]
    assert sum(len(each.rows) for each in maps[2:]) == 42
    ((path,),) = maps[0].overlay.marks
    assert len(path.stops) == 2
    assert abs(path.stops[0].x - 25) <= 6
    assert path.stops[0].label == "30 ms"
    assert all(note.startswith("× ") for note in maps[2].overlay.notes)


def test_it_draws_coarse_maps_in_the_terminal(picture, capsys):
    assert run(["saliency", str(picture), "--out", "terminal", "--shifts", "2"]) == 0
    printed = capsys.readouterr().out
    assert "1: 30 ms" in printed
    assert any("1 " in line and "." in line for line in printed.splitlines())


@pytest.fixture
def watched(tmp_path):
    """Four pictures with a square each, and people who look at it."""
    draw = np.random.default_rng(5)
    lines = ["image\tx\ty"]
    paths = []
    for number, (left, top) in enumerate(((10, 10), (80, 40), (20, 60), (90, 8))):
        pixels = np.full((90, 120, 3), 90, np.uint8)
        pixels[top : top + 12, left : left + 12] = (255, 60, 60)
        paths.append(tmp_path / f"{number}.png")
        Image.fromarray(pixels).save(paths[-1])
        points = draw.normal((left + 6, top + 6), 4, (12, 2)).clip(0, 89)
        lines += [f"{number}\t{x:.1f}\t{y:.1f}" for x, y in points]
    (tmp_path / "fixations.tsv").write_text("\n".join(lines) + "\n")
    return [str(path) for path in paths], str(tmp_path / "fixations.tsv")


def test_it_scores_maps_against_fixations_beside_controls(watched, capsys):
    pictures, table = watched
    assert run(["saliency", *pictures, "--fixations", table, "--json"]) == 0
    scores = json.loads(capsys.readouterr().out)
    assert (scores["pictures"], scores["fixations"]) == (4, 48)
    assert scores["map"]["auc_shuffled"] > 0.9
    assert scores["another picture's map"]["auc_shuffled"] < 0.6
    assert run(["saliency", *pictures, "--fixations", table]) == 0
    printed = capsys.readouterr().out
    assert "auc_shuffled" in printed
    assert "centre prior" in printed


def test_pictures_without_fixations_are_left_out_and_said(watched, picture, capsys):
    pictures, table = watched
    assert run(["saliency", *pictures, str(picture), "--fixations", table, "--json"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["pictures"] == 4
    assert "1 of 5 pictures have no fixations" in captured.err
    assert run(["saliency", pictures[0], str(picture), "--fixations", table]) == 1
    assert "scores need at least 2" in capsys.readouterr().err


def test_fixations_outside_of_a_picture_are_refused(watched, tmp_path, capsys):
    pictures, _ = watched
    (tmp_path / "far.tsv").write_text("image\tx_frac\ty_frac\n0\t30\t40\n1\t0.5\t0.5\n")
    assert run(["saliency", *pictures, "--fixations", str(tmp_path / "far.tsv")]) == 1
    assert "x_frac and y_frac shares" in capsys.readouterr().err
