"""Made-up scenes: a caption follows from its picture, pairs are held out, and nothing is won without looking."""

import json
from itertools import islice

import numpy as np
import pytest

from heedful.data.corpus.drawing import COLOURS, SHAPES
from heedful.data.corpus.scenes import SPLITS, Scenes, blind_ceiling, write_scenes
from heedful.data.image import PictureReader, read_captions
from heedful.data.image.png import write_png
from heedful.errors import UserError


@pytest.fixture(scope="module")
def made():
    """A few hundred scenes of each split."""
    return {split: list(islice(Scenes(seed=3).scenes(split), 200)) for split in SPLITS}


def test_the_same_arguments_make_the_same_scenes_and_splits_differ(made):
    again = list(islice(Scenes(seed=3).scenes("test"), 20))
    assert all(np.array_equal(a.pixels, b.pixels) and a[1:] == b[1:] for a, b in zip(again, made["test"], strict=False))
    assert again[0].caption != next(Scenes(seed=4).scenes("test")).caption
    pixels = {scene.pixels.tobytes() for scenes in made.values() for scene in scenes}
    assert len(pixels) == 4 * 200


def described(scene):
    """The caption by reading the boxes alone."""
    centres = [((box[0] + box[2]) / 2, (box[1] + box[3]) / 2) for _, _, box in scene.objects]
    order = sorted(range(len(centres)), key=lambda index: sum(centres[index]))
    text = ""
    for position, index in enumerate(order):
        if position:
            (x0, y0), (x1, y1) = centres[order[position - 1]], centres[index]
            text += " left of " if abs(x1 - x0) > abs(y1 - y0) else " above "
        text += f"a {scene.objects[index].colour} {scene.objects[index].shape}"
    return text


def test_a_caption_follows_from_what_is_in_the_picture(made):
    for scenes in made.values():
        for scene in scenes:
            assert described(scene) == scene.caption
            assert 2 <= len(scene.objects) <= 3
            assert len(set(scene.objects)) == len({each[:2] for each in scene.objects}) == len(scene.objects)


def test_words_name_their_objects(made):
    for scene in made["train"]:
        words = scene.caption.split()
        assert len(words) == len(scene.words)
        for word, index in zip(words, scene.words, strict=True):
            assert (index is None) == (word in {"a", "left", "of", "above"})
            assert index is None or word in scene.objects[index][:2]


def test_the_pixels_in_a_box_have_its_colour_and_the_others_are_background(made):
    for scene in made["test"][:50]:
        outside = np.ones(scene.pixels.shape[:2], bool)
        for colour, shape, (left, top, right, bottom) in scene.objects:
            inside = scene.pixels[int(top) : int(bottom), int(left) : int(right)].astype(int)
            outside[int(top) : int(bottom), int(left) : int(right)] = False
            near = (np.abs(inside - np.array(COLOURS[colour])) <= 21).all(2).mean()
            assert near > {"ring": 0.3, "cross": 0.3, "triangle": 0.3}.get(shape, 0.5), (colour, shape)
        assert np.unique(scene.pixels[outside]).size == 1
        assert outside.any()


def test_boxes_lie_apart_and_in_the_picture(made):
    for scene in made["held-out"]:
        for index, (_, _, box) in enumerate(scene.objects):
            assert 0 <= box[0] < box[2] <= 64
            assert 0 <= box[1] < box[3] <= 64
            for _, _, other in scene.objects[index + 1 :]:
                assert box[2] <= other[0] or other[2] <= box[0] or box[3] <= other[1] or other[3] <= box[1]


@pytest.mark.parametrize("seed", range(5))
def test_held_out_pairs_are_in_no_training_picture_but_their_colours_and_shapes_are(seed):
    scenes = Scenes(seed=seed)
    assert len(scenes.held_out) == len(COLOURS)
    assert len(scenes.held_out) + len(scenes.trained) == len(COLOURS) * len(SHAPES)
    assert {colour for colour, _ in scenes.trained} == set(COLOURS)
    assert {shape for _, shape in scenes.trained} == set(SHAPES)
    for split in SPLITS:
        pairs = [{each[:2] for each in scene.objects} for scene in islice(scenes.scenes(split), 60)]
        held_out = [bool(each & set(scenes.held_out)) for each in pairs]
        assert all(held_out) if split == "held-out" else not any(held_out)


def test_nothing_is_won_without_looking(made):
    for scenes in made.values():
        assert blind_ceiling(scene.caption for scene in scenes) <= 0.03
    assert blind_ceiling(["a", "b", "a", "c"]) == 0.5
    assert blind_ceiling([]) == 0.0


def test_every_relation_and_number_of_objects_is_frequent(made):
    captions = [scene.caption for scene in made["train"]]
    assert 0.3 < np.mean(["left of" in caption for caption in captions]) < 0.95
    assert 0.3 < np.mean(["above" in caption for caption in captions]) < 0.95
    assert 0.35 < np.mean([len(scene.objects) == 2 for scene in made["train"]]) < 0.65


def test_impossible_requests_are_refused(tmp_path):
    with pytest.raises(ValueError, match="from 32 pixels"):
        Scenes(size=16)
    with pytest.raises(ValueError, match="unknown split 'dev'"):
        next(Scenes().scenes("dev"))
    with pytest.raises(UserError, match="-1 scenes"):
        write_scenes(tmp_path, {"train": -1})


def test_written_scenes_are_read_as_pictures_and_captions(tmp_path):
    pytest.importorskip("PIL.Image")
    captions = write_scenes(tmp_path, {"train": 6, "held-out": 3}, seed=3, size=48)
    assert {split: len(found) for split, found in captions.items()} == {"train": 6, "held-out": 3}
    scenes = list(islice(Scenes(3, size=48).scenes("train"), 6))
    found = read_captions([tmp_path / "train.jsonl"])
    assert [each.captions for each in found] == [(scene.caption,) for scene in scenes]
    for each, scene in zip(found, scenes, strict=True):
        assert np.array_equal(PictureReader().read(each.picture).pixels, scene.pixels)
    row = json.loads((tmp_path / "train.jsonl").read_text().splitlines()[0])
    assert row["words"] == list(scenes[0].words)
    assert [tuple(each["box"]) for each in row["objects"]] == [each.box for each in scenes[0].objects]


def test_a_png_that_cannot_be_written_or_is_none_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"float64\[2, 2, 3\]"):
        write_png(tmp_path / "a.png", np.zeros((2, 2, 3)))
    with pytest.raises(UserError, match=r"a\.png: cannot write"):
        write_png(tmp_path / "no" / "a.png", np.zeros((2, 2, 3), np.uint8))
