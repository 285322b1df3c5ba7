"""Pictures of a data set: read once, kept within a limit, changed at random by a seed; damaged ones are left out."""

from typing import NamedTuple

import numpy as np
import pytest
import torch

from heedful.data.image import Augmenter, Fitted, PictureInput, PictureSet, load_pictures
from heedful.errors import UserError

Image = pytest.importorskip("PIL.Image")


class Example(NamedTuple):
    """What a task reads from a table."""

    picture: object
    where: str


@pytest.fixture
def examples(tmp_path):
    """Five pictures of noise, in a table."""
    random, found = np.random.default_rng(1), []
    for number in range(5):
        path = tmp_path / f"{number}.png"
        Image.fromarray(random.integers(0, 256, (20, 30, 3)).astype(np.uint8)).save(path)
        found.append(Example(path, f"train.csv:{number + 2}"))
    return found


def damage(example):
    example.picture.write_bytes(example.picture.read_bytes()[:200])


def test_damaged_pictures_are_left_out_and_counted(examples):
    damage(examples[1])
    damage(examples[4])
    read = PictureInput(8, 8)
    loaded = load_pictures(examples, read)
    assert loaded.examples == [examples[0], examples[2], examples[3]]
    expected = read.batch([example.picture for example in loaded.examples])
    assert torch.equal(loaded.pictures.batch([0, 1, 2]), expected)
    (warning,) = loaded.warnings
    assert warning.startswith(f"2 of 5 pictures cannot be read and are left out; the first is train.csv:3: {examples[1]")
    assert "damaged or cut short" in warning
    assert load_pictures(examples[2:4], read).warnings == []


def test_strict_stops_at_the_first_damaged_picture(examples):
    damage(examples[1])
    with pytest.raises(UserError, match=r"^train\.csv:3: .*1\.png: this picture is damaged"):
        load_pictures(examples, PictureInput(8, 8), strict=True)


def test_a_table_without_any_readable_picture_is_an_error(examples):
    damage(examples[0])
    with pytest.raises(UserError, match=r"train\.csv:2"):
        load_pictures(examples[:1], PictureInput(8, 8))
    assert len(load_pictures([], PictureInput(8, 8)).pictures) == 0


def test_pictures_are_kept_up_to_a_limit_and_read_again_beyond_it(examples, monkeypatch):
    loaded = load_pictures(examples, PictureInput(8, 8), memory=2 * 3 * 8 * 8)
    opened = []
    original = PictureInput.open
    monkeypatch.setattr(PictureInput, "open", lambda self, path: opened.append(path) or original(self, path))
    first, again = loaded.pictures.batch(range(5)), loaded.pictures.batch(range(5))
    assert torch.equal(first, again)
    assert opened == [example.picture for example in examples[2:]] * 2
    nothing_kept = PictureSet([example.picture for example in examples], PictureInput(8, 8), memory=0)
    assert torch.equal(nothing_kept.batch(range(5)), first)


@pytest.mark.parametrize("names", [(), ("flip",), ("colour", "flip"), ("crop",), ("crop", "flip", "colour")])
def test_augmentation_repeats_by_its_seed_and_keeps_the_size(examples, names):
    pictures = load_pictures(examples, PictureInput(8, 12)).pictures

    def batch(seed):
        return pictures.batch([0, 1, 2, 3, 4], Augmenter(names), torch.Generator().manual_seed(seed))

    assert batch(1).shape == (5, 3, 8, 12)
    assert torch.equal(batch(1), batch(1))
    plain = pictures.batch([0, 1, 2, 3, 4])
    assert torch.equal(batch(1), plain) == (not names)
    assert torch.equal(pictures.batch([0, 1, 2, 3, 4]), plain)  # what is kept has not been changed


def test_without_a_generator_the_numbers_are_torchs_own(examples):
    """Training restores torch's generator when it resumes, and then goes on with the same changes."""
    pictures = load_pictures(examples, PictureInput(8, 8)).pictures
    state = torch.get_rng_state()
    first = pictures.batch([0, 1], Augmenter(("crop",)))
    torch.set_rng_state(state)
    assert torch.equal(pictures.batch([0, 1], Augmenter(("crop",))), first)


def test_functions_of_the_users_join(examples):
    def darker(fitted, generator):
        return Fitted(fitted.pixels // 2, fitted.region)

    pictures = load_pictures(examples, PictureInput(8, 8, mean=(0.0,) * 3, std=(1.0,) * 3)).pictures
    changed = pictures.batch([0, 1], Augmenter(more=(darker,)))
    assert (changed - pictures.batch([0, 1]) / 2).abs().max() <= 1 / 255
    for wrong, named in [
        (lambda fitted, generator: fitted.pixels, "returned Tensor"),
        (lambda fitted, generator: Fitted(fitted.pixels[:, :4], fitted.region), r"returned \(3, 4, 8\)"),
    ]:
        with pytest.raises(UserError, match=named):
            pictures.batch([0], Augmenter(more=(wrong,)))


def test_an_unknown_augmentation_is_refused():
    with pytest.raises(UserError, match="unknown augmentation 'flipp'.*did you mean 'flip'"):
        Augmenter(("flipp",))
