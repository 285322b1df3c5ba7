"""Fixations from tables and .mat files: shares, pixels, pixels of another size; what is wrong is said with its line."""

import sys
import types
from pathlib import Path

import numpy as np
import pytest

from heedful import UserError
from heedful.data.image.fixations import fixations_of, read_fixations


def write(folder, name, text):
    (folder / name).write_text(text)
    return folder / name


def test_shares_and_other_columns(tmp_path):
    path = write(
        tmp_path, "f.tsv", "image\tsubject\tx_frac\ty_frac\n001\t1\t0.25\t0.5\n001\t2\tnan\tnan\n002\t1\t0\t1\n"
    )
    read = read_fixations(path)
    assert list(read) == ["001", "002"]
    assert read["001"].shares(640, 480).tolist() == [[0.25, 0.5]], "a blink is left out"


def test_pixels_of_the_file_and_of_a_size(tmp_path):
    path = write(tmp_path, "f.csv", "image,x,y\na.jpg,32,48\n")
    assert read_fixations(path)["a.jpg"].shares(64, 96).tolist() == [[0.5, 0.5]]
    path = write(tmp_path, "g.csv", "image,x,y,width,height\na.jpg,512,192,1024,768\na.jpg,32,48,,\n")
    assert read_fixations(path)["a.jpg"].shares(64, 96).tolist() == [[0.5, 0.25], [0.5, 0.5]]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("image,x,y\na.jpg,3,no\n", r"f.csv:2: expected a number, found 'no'"),
        ("image,x\na.jpg,3\n", r"f.csv:1: expected the columns 'image', 'x' and 'y'"),
        ("image,x,y\na.jpg,3\n", r"f.csv:2: expected 3 columns"),
        ("image,x,y,width,height\na.jpg,3,3,640,\n", r"f.csv:2: the size of the picture is 640 × nan"),
        ("image,x,y,width,height\na.jpg,3,3,640,0\n", r"640 × 0.*above 0"),
        ("image,x,y\n", "no fixations"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path, text, words):
    with pytest.raises(UserError, match=words):
        read_fixations(write(tmp_path, "f.csv", text))


def test_another_format_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"not read from '.txt'.*\.tsv, \.csv and \.mat"):
        read_fixations(tmp_path / "f.txt")


def test_a_picture_is_found_by_its_name_its_stem_or_its_number(tmp_path):
    path = write(tmp_path, "f.csv", "image,x,y\na.jpg,1,1\nb,2,2\n7,3,3\nfolder/c.png,4,4\n")
    read = read_fixations(path)
    found = {
        name: fixations_of(read, Path("pictures") / name) for name in ("a.jpg", "b.png", "007.jpg", "c.jpg", "d.jpg")
    }
    assert {name: each and each.points.tolist()[0][0] for name, each in found.items()} == {
        "a.jpg": 1.0,
        "b.png": 2.0,
        "007.jpg": 3.0,
        "c.jpg": 4.0,
        "d.jpg": None,
    }


@pytest.fixture
def matlab(monkeypatch):
    """What scipy would read from a .mat file, which the core does not have."""

    def install(content):
        def loadmat(path, **options):
            if isinstance(content, Exception):
                raise content
            return {"__header__": b"", **content}

        module = types.ModuleType("scipy.io")
        module.loadmat = loadmat
        monkeypatch.setitem(sys.modules, "scipy", types.ModuleType("scipy"))
        monkeypatch.setitem(sys.modules, "scipy.io", module)

    return install


def test_variables_and_a_struct_of_a_mat_file(tmp_path, matlab):
    matlab(
        {"image": np.array([1.0, 1.0, 2.0]), "x_frac": np.array([0.1, 0.2, 0.3]), "y_frac": np.array([0.5, 0.5, 0.5])}
    )
    assert read_fixations(tmp_path / "f.mat")["1"].shares(9, 9).tolist() == [[0.1, 0.5], [0.2, 0.5]]
    size = {"width": np.array([100, 100]), "height": np.array([50, 50])}
    matlab({"data": {"image": np.array(["a ", "bb"]), "x": np.array([10, 20]), "y": np.array([5, 25]), **size}})
    read = read_fixations(tmp_path / "f.mat")
    assert read["a"].shares(7, 7).tolist() == [[0.1, 0.1]]
    assert read["bb"].shares(7, 7).tolist() == [[0.2, 0.5]]
    matlab({"image": "a", "x": 3, "y": np.array(4)})
    assert read_fixations(tmp_path / "f.mat")["a"].shares(6, 8).tolist() == [[0.5, 0.5]]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"image": np.array([1.0]), "x": np.array([1.0])}, "expected the variables image, x, y, found image, x"),
        ({"image": np.array([1.0]), "x": np.array([1.0]), "y": np.array([1.0, 2.0])}, "y has 2 values, image has 1"),
        ({"image": np.array([1.0]), "x": np.array(["a"]), "y": np.array([1.0])}, "x does not hold numbers"),
        (NotImplementedError("HDF"), r"7\.3.*-v7"),
        (ValueError("Unknown mat file type"), "no .mat file.*Unknown"),
        (FileNotFoundError("f.mat"), "no such file"),
    ],
)
def test_a_mat_file_that_is_wrong_is_refused(tmp_path, matlab, content, words):
    matlab(content)
    with pytest.raises(UserError, match=words):
        read_fixations(tmp_path / "f.mat")


def test_without_scipy_the_package_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy", None)
    monkeypatch.setitem(sys.modules, "scipy.io", None)
    with pytest.raises(UserError, match=r"'scipy'.*pip install scipy.*\.csv"):
        read_fixations(tmp_path / "f.mat")


def test_a_real_mat_file(tmp_path):
    io = pytest.importorskip("scipy.io")
    io.savemat(
        tmp_path / "f.mat", {"image": np.array(["a.jpg", "b.jpg"], dtype=object), "x": [3.0, 4.0], "y": [1.0, 2.0]}
    )
    read = read_fixations(tmp_path / "f.mat")
    assert read["b.jpg"].shares(8, 8).tolist() == [[0.5, 0.25]]
