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
    assert [label.split(" β")[0] for label in map_.rows] == caption.text.split()
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
        (np.zeros((4, 4, 2), np.uint8), r"item 0 is uint8\[4, 4, 2\].*expected pixels"),
        (np.zeros((4, 4, 3), np.float32), "this run reads pictures"),
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

    captioner = fitted(train={"steps": 60, "valid_every": 60})[0].predictor
    loaded = [captioner.source.load(path) for path in sorted((table.parent / "images").iterdir())]
    greedy, beam = captioner.search(loaded, beam=1), captioner.search(loaded, beam=5)
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
    # After four steps it says the same of all pictures, and is told once.
    assert sum("the same caption for" in line for line in said) == 1


# ------------------------------------------------------------------------------------------------- pictures and tables


def copied(table, folder):
    shutil.copytree(table.parent, folder)
    return folder / "captions.jsonl"


def trained_on(path, tmp_path, **changes):
    from heedful.task.base import Shown
    from tests.task.caption.conftest import DATA, DECODE, RECURRENT, TRAIN

    said: list[str] = []
    settings = {"model": RECURRENT, "data": DATA | changes.pop("data", {}), "train": TRAIN | {"steps": 1}}
    settings["decode"] = DECODE
    out, shown = tmp_path / "run", Shown(say=said.append)
    return heedful.fit("caption", path, settings=settings, out=out, shown=shown, **changes), said


def test_broken_pictures_are_left_out_and_counted_or_stop_a_strict_run(table, tmp_path):
    pytest.importorskip("lightning")
    pytest.importorskip("sacrebleu")
    path = copied(table, tmp_path / "copy")
    broken = path.parent / "images" / "red-left.png"
    broken.write_bytes(broken.read_bytes()[:60])
    (path.parent / "images" / "blue-top.png").write_text("version https://git-lfs.github.com/spec/v1\noid")
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
    for content, message in (("\n", "names no picture"), ("images/red-lefty.png\n", "there is no picture")):
        (folder / "bad.txt").write_text(content)
        with pytest.raises(UserError, match=rf"{message}.*bad\.txt:1"):
            asked(folder / "bad.txt")


# ------------------------------------------------------------------------------------------------------------ features


@pytest.fixture
def features(table, tmp_path):
    """A folder of features: the mean colour of each of 4 × 7 cells."""
    pillow = pytest.importorskip("PIL.Image")
    folder = tmp_path / "features"
    folder.mkdir()
    for path in (table.parent / "images").iterdir():
        pixels = np.asarray(pillow.open(path)).astype(np.float32) / 255
        np.save(folder / f"{path.stem}.npy", pixels.reshape(4, 4, 7, 4, 3).mean((1, 3)))
    return folder


def test_a_run_on_features_reads_no_pixels(table, features, tmp_path):
    pytest.importorskip("lightning")
    pytest.importorskip("sacrebleu")
    trained, _ = trained_on(table, tmp_path, features=str(features))
    assert trained.predictor.config.data.feature_width == 3
    assert not (trained.folder / "picture.json").exists()
    captioner = heedful.load(trained.folder)
    path = table.parent / "images" / "red-left.png"
    (caption,) = captioner.predict([path])
    (of_array,) = captioner.predict([np.load(features / "red-left.npy")])
    assert caption.text == of_array.text
    if caption.attention:
        grid = caption.attention.columns
        assert (grid.height, grid.width, grid.picture) == (4, 7, (28, 16))
        assert of_array.attention.columns.picture == (7, 4)
    bad = {
        "other.npy": (np.zeros((4, 7, 5), np.float32), "features are 5 wide, but this run was trained on 3"),
        "nan.npy": (np.full((4, 7, 3), np.nan, np.float32), "NaN or infinity"),
        "whole.npy": (np.zeros((4, 7, 3), np.int64), r"features are int64\[4, 7, 3\]"),
    }
    for name, (values, message) in bad.items():
        np.save(tmp_path / name, values)
        with pytest.raises(UserError, match=message):
            captioner.predict([tmp_path / name])
    with pytest.raises(UserError, match="no features of this picture"):
        captioner.predict(["unknown.jpg"])
    with pytest.raises(UserError, match="reads features, not pixels"):
        captioner.predict([draw("red", "left")])
    (features / "blue-left.npy").write_text("nothing")
    with pytest.raises(UserError, match="cannot read these features"):
        captioner.predict([table.parent / "images" / "blue-left.png"])
    # An object array would run code that the file holds.
    np.save(tmp_path / "code.npy", np.array([object()]), allow_pickle=True)
    with pytest.raises(UserError, match="cannot read these features"):
        captioner.predict([tmp_path / "code.npy"])


def test_a_width_of_features_that_the_files_do_not_have_is_told(table, features, tmp_path):
    with pytest.raises(UserError, match=r"model\.picture\.features is 7, but the pictures have features of width 3"):
        from heedful.task.custom import build_model
        from heedful.task.tasks import task_named
        from heedful.task.config import make_settings

        config = make_settings(task_named("caption").config, {"model": {"picture": {"features": 7}}})
        build_model(config, {"size": 20, "features": 3}, {})
