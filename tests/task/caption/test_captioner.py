"""Captioners from training to answers: what they say, where they look, and what they are told of bad pictures."""

import json
import shutil

import numpy as np
import pytest
import torch

import heedful
from heedful.errors import UserError
from heedful.watch import Grid, load_maps
from tests.task.caption.conftest import MODELS, draw

pytestmark = pytest.mark.usefixtures("unchecked_shapes")

EVERY = pytest.mark.parametrize("model", MODELS)


@EVERY
def test_a_run_is_loaded_answers_and_shows_where_it_looks(model, fitted, table, tmp_path):
    trained, _ = fitted(model)
    captioner = heedful.load(trained.folder)
    path = table.parent / "images" / "red-left.png"
    (caption,) = captioner.predict([path])
    assert caption.text == trained.predictor.predict([str(path)])[0].text
    (answer,) = heedful.show(captioner, str(path), out=tmp_path / "map.npz")
    assert answer.text == caption.text
    assert answer.record.keys() >= {"image", "caption", "score"}
    if not caption.text:
        pytest.fail("this model says nothing: the rest would test nothing")
    (map_,) = answer.maps
    assert isinstance(map_.columns, Grid)
    assert (map_.columns.picture, map_.columns.height, map_.columns.width) == ((28, 16), 4, 7)
    np.testing.assert_array_equal(map_.columns.pixels, draw("red", "left"))
    assert [label.split(" β")[0] for label in map_.rows] == list(caption.tokens)
    total = map_.weights.sum(-1)
    if model == "adaptive":
        np.testing.assert_allclose(caption.beta, 1 - total, atol=1e-5)
        assert answer.record["beta"] == [round(beta, 4) for beta in caption.beta]
        assert map_.rows[0].endswith(f"β {caption.beta[0]:.2f}")
    else:
        assert caption.beta is None
        torch.testing.assert_close(total, torch.ones_like(total))
    (read,) = load_maps(tmp_path / "map.npz")
    assert read.heading == str(path)
    every = heedful.show(captioner, str(path), every=True)[0].maps
    assert len(every) == (4 if model == "transformer" else 1)


@EVERY
def test_a_picture_is_a_path_or_its_pixels_and_a_batch_changes_nothing(model, fitted, table):
    captioner = fitted(model)[0].predictor
    paths = sorted((table.parent / "images").iterdir())
    together = captioner.predict(paths)
    (alone,) = captioner.predict([draw("blue", "top")])
    of_path = together[[path.name for path in paths].index("blue-top.png")]
    assert alone.text == of_path.text
    torch.testing.assert_close(alone.attention.weights, of_path.attention.weights, rtol=1e-4, atol=1e-5)
    grey = captioner.predict([draw("blue", "top")[:, :, 0], torch.from_numpy(draw("red", "left"))], attention=False)
    assert [caption.attention for caption in grey] == [None, None]
    assert captioner.predict([]) == []


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (3, "expected a picture, but item 0 is 3 "),
        (np.zeros((4, 4, 3), np.int32), "item 0 is int32"),
        (np.zeros((4, 4, 2), np.uint8), r"item 0 is uint8\[4, 4, 2\].*pixels as uint8"),
        (np.zeros((4, 4, 3), np.float32), "this run reads pictures, and float32"),
        ("gone.png", "no such picture"),
    ],
)
def test_what_is_no_picture_is_told(item, message, fitted):
    with pytest.raises(UserError, match=message):
        fitted()[0].predictor.predict([item])


def test_a_single_picture_is_no_list(fitted):
    with pytest.raises(UserError, match="list of pictures, got one text"):
        fitted()[0].predictor.predict("photo.jpg")
    with pytest.raises(UserError, match="list of pictures, got one array"):
        fitted()[0].predictor.predict(draw("red", "left"))


def test_a_beam_is_at_least_as_good_as_greedy_by_its_own_score(fitted, table):
    """In the mean log-probability under the length penalty, over the pictures of a run that has learnt something."""
    from heedful.decode.penalty import Penalty

    captioner = fitted()[0].predictor
    inputs = captioner.source.inputs(sorted((table.parent / "images").iterdir()))
    greedy, beam = captioner.search(inputs, beam=1), captioner.search(inputs, beam=5)
    penalty = Penalty(captioner.config.decode.length_penalty)

    def score(found):
        log_probability = torch.tensor([[found.log_probability]])
        # EOS is counted as search counts it; a caption that was cut has none.
        tokens = min(len(found.tokens) + 1, captioner.config.longest)
        return penalty.score(log_probability, tokens, covered=None, keep=None).item()

    for found in beam:
        assert score(found) == pytest.approx(found.score, abs=1e-5)
    assert sum(map(score, beam)) >= sum(map(score, greedy)) - 1e-6
    assert len({tuple(found.tokens) for found in greedy}) > 1, "it has learnt to tell pictures apart"


def test_training_says_what_it_measured(fitted):
    trained, said = fitted()
    lines = (trained.folder / "metrics.jsonl").read_text().splitlines()
    measured = [json.loads(line) for line in lines if "valid_cider_d" in line]
    names = {"cider_d", "bleu_4", "rouge_l", "exact", "distinct", "same", "moves", "loss"}
    assert {f"valid_{name}" for name in names} <= measured[0].keys()
    assert any("validation: 3 of 12 training pictures, held out" in line for line in said)


# ------------------------------------------------------------------------------------------------- pictures and tables


def copied(table, folder):
    shutil.copytree(table.parent, folder)
    return folder / "captions.jsonl"


def trained_on(path, tmp_path, *, steps=2, **changes):
    from heedful.task.base import Shown
    from tests.task.caption.conftest import DATA, DECODE, RECURRENT, TRAIN

    said: list[str] = []
    settings = {
        "model": RECURRENT,
        "data": DATA | changes.pop("data", {}),
        "train": TRAIN | {"steps": steps, "valid_every": steps},
    }
    settings["decode"] = DECODE
    out, shown = tmp_path / "run", Shown(say=said.append)
    return heedful.fit("caption", path, settings=settings, out=out, shown=shown, **changes), said


def test_broken_pictures_are_left_out_and_counted_or_stop_a_strict_run(table, tmp_path):
    pytest.importorskip("lightning")
    pytest.importorskip("sacrebleu")
    path = copied(table, tmp_path / "copy")
    broken = path.parent / "images" / "red-left.png"
    broken.write_bytes(broken.read_bytes()[:60])
    (path.parent / "images" / "blue-top.png").write_text("version 1 of a git-lfs pointer\noid")
    # Which of them are held out depends on the seed; both sides say so.
    _, said = trained_on(path, tmp_path)
    told = [line for line in said if "cannot be read" in line]
    assert sum(int(line.split(": ", 1)[1].split(" ", 1)[0]) for line in told) == 2
    assert all("captions.jsonl:" in line for line in told)
    shutil.rmtree(tmp_path / "run")
    with pytest.raises(UserError, match=r"damaged|git-LFS pointer") as error:
        trained_on(path, tmp_path, strict=True)
    assert "captions.jsonl:" in error.value.where


def test_a_check_finds_broken_pictures_before_training(table, tmp_path):
    from heedful.task import engine, task_named
    from heedful.task.base import Files
    from heedful.task.config import make_settings

    path = copied(table, tmp_path / "copy")
    broken = path.parent / "images" / "red-left.png"
    broken.write_bytes(broken.read_bytes()[:60])
    task = task_named("caption")
    report = engine.check(task, make_settings(task.config, {"data": {"max_length": 4}}), Files([path]))
    assert report.facts["pictures"].count == 12
    assert report.facts["captions"].count == 24
    found = report.facts["pictures that cannot be read"]
    assert found.count == 1
    assert "captions.jsonl:1" in found.locations[0]
    assert report.facts["captions of more than 4 tokens"].count == 24
    assert report.facts["captions seen before"].count == 0


def test_questions_are_a_table_a_list_a_folder_or_a_picture(table, tmp_path, monkeypatch):
    from heedful.task import task_named
    from heedful.task.config import make_settings

    task = task_named("caption")
    config = make_settings(task.config)
    folder = table.parent

    def asked(file, config=config):
        return list(task.questions(config, str(file)))

    pictures = [str(folder / "images" / name) for name in ("red-left.png", "red-right.png")]
    assert asked(table)[:2] == pictures
    assert asked(pictures[0]) == pictures[:1]
    assert asked(folder / "images") == sorted(str(path) for path in (folder / "images").iterdir())
    (folder / "list.txt").write_text("images/red-left.png\nimages/red-right.PNG\n")
    assert asked(folder / "list.txt") == pictures
    (folder / "list.csv").write_text("id,image\n1,images/red-left.png\n2,images/red-right.png\n")
    assert asked(folder / "list.csv") == pictures
    elsewhere = make_settings(task.config, {"data": {"pictures": str(folder)}})
    (tmp_path / "list.txt").write_text("images/red-left.png\n")
    assert asked(tmp_path / "list.txt", elsewhere) == pictures[:1]
    (folder / "bad.txt").write_text("\nimages/red-lefty.png\n")
    with pytest.raises(UserError, match="there is no picture") as error:
        asked(folder / "bad.txt")
    assert error.value.where.endswith("bad.txt:2")


# ------------------------------------------------------------------------------------------------------------ features


@pytest.fixture
def features(table, tmp_path):
    """A folder of features: mean and deviation of the colours of each of 4 × 7 cells."""
    pillow = pytest.importorskip("PIL.Image")
    folder = tmp_path / "features"
    folder.mkdir()
    for path in (table.parent / "images").iterdir():
        cells = (np.asarray(pillow.open(path)).astype(np.float32) / 255).reshape(4, 4, 7, 4, 3)
        np.save(folder / f"{path.stem}.npy", np.concatenate([cells.mean((1, 3)), cells.std((1, 3))], axis=-1))
    return folder


def test_a_run_on_features_reads_no_pixels(table, features, tmp_path):
    pytest.importorskip("lightning")
    pytest.importorskip("sacrebleu")
    trained, _ = trained_on(table, tmp_path, steps=40, features=str(features))
    assert (trained.folder / "features.json").exists()
    assert not (trained.folder / "picture.json").exists()
    captioner = heedful.load(trained.folder)
    (caption,) = captioner.predict([table.parent / "images" / "red-left.png"])
    (of_array,) = captioner.predict([np.load(features / "red-left.npy")])
    assert caption.text == of_array.text != ""
    grid = caption.attention.columns
    assert (grid.height, grid.width, grid.picture) == (4, 7, (28, 16))
    assert of_array.attention.columns.picture == (7, 4)


def test_features_that_are_not_those_of_the_run_are_refused(table, features, tmp_path):
    pytest.importorskip("lightning")
    pytest.importorskip("sacrebleu")
    trained, _ = trained_on(table, tmp_path, features=str(features))
    picture = table.parent / "images" / "blue-left.png"
    arrays = [
        (np.zeros((4, 7, 5), np.float32), "have the shape 4 × 7 × 5, but 4 × 7 × 6 is expected"),
        (np.full((4, 7, 6), np.nan, np.float32), "NaN or infinity"),
        (np.array([object()]), "no array of numbers"),  # which could run code
    ]
    for array, message in arrays:
        np.save(features / "blue-left.npy", array, allow_pickle=True)
        with pytest.raises(UserError, match=message):
            heedful.load(trained.folder).predict([picture])
    (features / "blue-left.npy").unlink()
    captioner = heedful.load(trained.folder)
    with pytest.raises(UserError, match=r"no features of this picture.*expected blue-left\.npy"):
        captioner.predict([picture])
    with pytest.raises(UserError, match=r"features are float32\[4, 7, 5\]"):
        captioner.predict([np.zeros((4, 7, 5), np.float32)])
    with pytest.raises(UserError, match="this run reads features, and got pixels"):
        captioner.predict([draw("red", "left")])
    other = tmp_path / "other"
    other.mkdir()
    np.save(other / "red-left.npy", np.zeros((2, 2, 6), np.float32))
    moved = heedful.load(trained.folder, settings={"data": {"features": str(other)}})
    with pytest.raises(UserError, match="have the shape 2 × 2 × 6, but 4 × 7 × 6 is expected"):
        moved.predict([table.parent / "images" / "red-left.png"])


def test_pictures_without_features_are_left_out_and_counted(table, features, tmp_path):
    pytest.importorskip("lightning")
    pytest.importorskip("sacrebleu")
    (features / "blue-left.npy").unlink()
    _, said = trained_on(table, tmp_path, features=str(features))
    assert sum("1 of" in line and "have no features that can be read" in line for line in said) == 1
    with pytest.raises(UserError, match=r"data\.augment changes pixels"):
        trained_on(table, tmp_path, features=str(features), data={"augment": ["flip"]}, overwrite=True)


def test_a_width_of_features_that_the_files_do_not_have_is_told():
    from heedful.task.config import make_settings
    from heedful.task.custom import build_model
    from heedful.task.tasks import task_named

    config = make_settings(task_named("caption").config, {"model": {"picture": {"features": 7}}})
    with pytest.raises(UserError, match=r"model\.picture\.features is 7, but the pictures have features of width 3"):
        build_model(config, {"size": 20, "features": 3}, {})


def test_training_pictures_are_augmented_and_others_are_not(table, tmp_path):
    pytest.importorskip("lightning")
    pytest.importorskip("sacrebleu")
    from heedful.data.image import read_captions
    from heedful.task.caption.task import CaptionTask

    trained, _ = trained_on(table, tmp_path, data={"augment": ["crop", "colour"]})
    examples = read_captions([table])
    prepared = CaptionTask().prepare(trained.predictor, examples, examples)
    once, again = (prepared.train.inputs.batch([0, 1]) for _ in range(2))
    assert not torch.equal(once, again)
    assert torch.equal(prepared.valid.inputs.batch([0, 1]), prepared.valid.inputs.batch([0, 1]))
