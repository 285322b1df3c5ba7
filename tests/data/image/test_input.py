"""A picture file becomes a model's input in one way, which a run folder keeps; bad files are refused by name."""

import json

import numpy as np
import pytest
import torch

from heedful.data.image import PictureInput, load_picture_input
from heedful.errors import UserError

Image = pytest.importorskip("PIL.Image")

ORIENTATION = 0x0112
TURNS = {  # pixels as a camera stores them that was held so that the orientation turns them back
    1: lambda p: p,
    2: lambda p: p[:, ::-1],
    3: lambda p: p[::-1, ::-1],
    4: lambda p: p[::-1],
    5: lambda p: p.swapaxes(0, 1),
    6: lambda p: np.rot90(p, 1),
    7: lambda p: p[::-1, ::-1].swapaxes(0, 1),
    8: lambda p: np.rot90(p, -1),
}


def picture(path, pixels, **options):
    Image.fromarray(np.ascontiguousarray(pixels)).save(path, **options)
    return path


def noise(height, width, seed=1):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)


def test_a_batch_is_the_normalised_pixels(tmp_path):
    pixels = noise(20, 24)
    read = PictureInput(20, 24, "stretch", mean=(0.1, 0.2, 0.3), std=(0.5, 0.6, 0.7))
    batch = read.batch([picture(tmp_path / "a.png", pixels), picture(tmp_path / "b.png", noise(20, 24, 2))])
    assert batch.shape == (2, 3, 20, 24)
    expected = (pixels / 255 - [0.1, 0.2, 0.3]) / [0.5, 0.6, 0.7]
    assert np.abs(batch[0].permute(1, 2, 0).numpy() - expected).max() < 1e-6
    assert read.batch([]).shape == (0, 3, 20, 24)


@pytest.mark.parametrize("fit", ["crop", "letterbox", "stretch"])
def test_all_eight_turns_give_the_same_input_and_the_same_cells(tmp_path, fit):
    pixels = np.kron(noise(4, 6), np.ones((8, 8, 1), np.uint8))
    read = PictureInput(16, 16, fit)
    inputs, grids = [], []
    for orientation, turn in TURNS.items():
        exif = Image.Exif()
        exif[ORIENTATION] = orientation
        path = picture(tmp_path / f"{orientation}.png", turn(pixels), exif=exif)
        inputs.append(read.batch([path]))
        grids.append(read.read(path).grid(4, 4, read.open(path)))
    assert all(torch.equal(each, inputs[0]) for each in inputs)
    assert all(each == grids[0] for each in grids)
    assert grids[0].picture == (48, 32)


def test_the_mean_and_deviation_are_those_of_the_training_pictures(tmp_path):
    paths = [picture(tmp_path / f"{seed}.png", noise(16, 16, seed) // (1 + seed)) for seed in range(3)]
    (tmp_path / "cut.png").write_bytes(paths[0].read_bytes()[:60])
    read = PictureInput.learn([tmp_path / "cut.png", *paths], height=16, width=16, fit="stretch")
    normalised = read.batch(paths).double()
    assert normalised.mean((0, 2, 3)).abs().max() < 1e-5
    assert (normalised.var((0, 2, 3), correction=0) - 1).abs().max() < 1e-4


def test_pictures_of_one_colour_are_not_divided_by_zero(tmp_path):
    path = picture(tmp_path / "a.png", np.full((8, 8, 3), 255, np.uint8))
    read = PictureInput.learn([path], height=8, width=8)
    assert read.std == pytest.approx((1 / 255,) * 3, abs=1e-5)
    assert read.batch([path]).abs().max() < 1e-3


def test_a_sample_stands_for_many_pictures_evenly(tmp_path, monkeypatch):
    monkeypatch.setattr("heedful.data.image.input.SAMPLE", 4)
    dark, light = (picture(tmp_path / f"{level}.png", np.full((4, 4, 3), level, np.uint8)) for level in (0, 255))
    # Sorted by kind, as in a table that lists one label after the other: the first four alone would be dark.
    read = PictureInput.learn([dark] * 8 + [light] * 8, height=4, width=4)
    assert read.mean == pytest.approx((0.5,) * 3, abs=1e-6)


def test_learning_from_nothing_readable_names_the_first_file(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"")
    with pytest.raises(UserError, match=r"a\.jpg: this is an empty file"):
        PictureInput.learn([tmp_path / "a.jpg"], height=8, width=8)
    with pytest.raises(UserError, match="no picture"):
        PictureInput.learn([], height=8, width=8)


def test_what_is_saved_is_loaded(tmp_path):
    read = PictureInput(20, 24, "crop", mean=(0.1, 0.2, 0.3), std=(0.5, 0.6, 0.7), max_megapixels=2.0)
    read.save(tmp_path, "picture")
    assert load_picture_input(tmp_path, "picture") == read


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"fit": "cropp"}, "unknown fit 'cropp'.*did you mean 'crop'"),
        ({"height": 0}, "8 × 0 pixels"),
        ({"std": [0, 1, 1]}, r"the std of pictures is \[0"),
        ({"mean": [1, 2]}, "ValueError"),
        ({"width": None}, "TypeError"),
    ],
)
def test_a_damaged_file_of_a_run_folder_is_named(tmp_path, change, named):
    content = PictureInput(8, 8).settings() | change
    (tmp_path / "picture.json").write_text(json.dumps(content))
    with pytest.raises(UserError, match=rf"picture\.json: this file is damaged: .*{named}"):
        load_picture_input(tmp_path, "picture")


def test_a_missing_or_broken_file_of_a_run_folder_is_named(tmp_path):
    with pytest.raises(UserError, match=r"picture\.json"):
        load_picture_input(tmp_path, "picture")
    (tmp_path / "picture.json").write_text("{")
    with pytest.raises(UserError, match="damaged"):
        load_picture_input(tmp_path, "picture")


def bad_files(folder):
    """One of each kind of file that no model should be given, by the reason that is named."""
    whole = picture(folder / "whole.jpg", noise(64, 64))
    made = {
        "cut short": whole.read_bytes()[:900],
        "an empty file": b"",
        "web page": b"<!doctype html><html></html>",
        "git-LFS pointer": b"version https://git-lfs.example/spec/v1\noid sha256:0\nsize 1\n",
    }
    for name, content in made.items():
        (folder / f"{name}.jpg").write_bytes(content)
    picture(folder / "more than 20 times.png", np.zeros((60000, 1, 3), np.uint8))
    picture(folder / "too large.png", np.zeros((1100, 1000, 3), np.uint8))
    return {path.stem: path for path in folder.iterdir() if path != whole}


def test_every_bad_file_is_refused_by_name_and_reason(tmp_path):
    found = bad_files(tmp_path)
    assert len(found) == 6
    for reason, path in found.items():
        with pytest.raises(UserError, match=reason) as caught:
            PictureInput(16, 16, max_megapixels=1.0).batch([path])
        assert caught.value.where == str(path)


def test_one_pixel_is_a_picture(tmp_path):
    path = picture(tmp_path / "a.png", np.full((1, 1, 3), 9, np.uint8))
    for fit in ("crop", "letterbox", "stretch"):
        batch = PictureInput(8, 8, fit, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0)).batch([path])
        assert torch.allclose(batch, torch.tensor(9 / 255))
