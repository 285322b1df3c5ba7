"""A check lists what is wrong with the pictures of a table, each with the line that names it."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from heedful.data.image import check_pictures
from heedful.data.image.report import distribution

Image = pytest.importorskip("PIL.Image")


class Example(NamedTuple):
    picture: Path
    where: str


def picture(folder, name, width, height, level=7):
    pixels = np.full((height, width, 3), level, np.uint8)
    pixels[0, 0] = [width % 256, height % 256, level]
    Image.fromarray(pixels).save(folder / name)
    return folder / name


def test_sizes_and_faults_are_listed_with_their_lines(tmp_path):
    good = picture(tmp_path, "good.png", 64, 48)
    files = [
        good,
        picture(tmp_path, "wide.png", 200, 50),
        picture(tmp_path, "tiny.png", 40, 20),
        tmp_path / "cut.png",
        tmp_path / "copy.png",
        tmp_path / "gone.png",
        tmp_path / "pointer.jpg",
    ]
    (tmp_path / "cut.png").write_bytes(good.read_bytes()[:100])
    (tmp_path / "copy.png").write_bytes(good.read_bytes())
    (tmp_path / "pointer.jpg").write_bytes(b"version https://git-lfs.example/spec/v1\noid sha256:0\nsize 1\n")
    examples = [Example(path, f"train.csv:{line}") for line, path in enumerate(files, start=2)]
    examples.append(Example(tmp_path / "copy.png", "valid.csv:2"))
    report = check_pictures(examples)
    facts = {name: (fact.count, fact.locations) for name, fact in report.facts.items()}
    assert facts["pictures"][0] == 8
    count, lines = facts["pictures that cannot be read"]
    assert count == 3
    assert [line.split(": ")[0] for line in lines] == ["train.csv:5", "train.csv:7", "train.csv:8"]
    assert "damaged or cut short" in lines[0]
    assert "git-LFS pointer" in lines[2]
    assert facts["smaller than 32 pixels"] == (1, ["train.csv:4 (40 × 20)"])
    assert facts["longer than 3 times the shorter side"] == (1, ["train.csv:3 (200 × 50)"])
    assert facts["the same picture as before"] == (1, ["train.csv:6 (as train.csv:2)"])
    assert facts["the same picture as in another file"] == (1, ["valid.csv:2 (as train.csv:2)"])
    assert report.sides["width"].percentiles[0] == 40
    assert report.sides["width"].percentiles[-1] == 200
    assert report.sides["longer side"].percentiles[-1] == 400


def test_equal_pictures_of_two_folders_of_labels_are_told_from_those_of_one(tmp_path):
    for folder in ("train/a", "train/b", "test/a"):
        (tmp_path / folder).mkdir(parents=True)
        picture(tmp_path / folder, "1.png", 40, 40)
    examples = [Example(path, str(path)) for path in (tmp_path / f"{name}/1.png" for name in ("train/a", "train/b"))]
    examples.append(Example(tmp_path / "test/a/1.png", str(tmp_path / "test/a/1.png")))
    facts = check_pictures(examples).facts
    assert facts["the same picture as before"].count == 1
    assert facts["the same picture as in another file"].count == 1


def test_nothing_to_check_is_a_report():
    report = check_pictures([])
    assert report.facts["pictures"].count == 0
    assert report.sides["width"].percentiles == ()
    assert distribution([3, 1, 2], "captions").percentiles == (1, 1, 2, 3, 3, 3, 3)
