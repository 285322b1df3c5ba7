"""Training a classifier of pictures from files to a folder, and answering from the folder."""

import json

import numpy as np
import pytest
import torch

import heedful
from heedful.data.image import FeatureFolder, PictureInput, compute_features, read_labelled_pictures
from heedful.errors import UserError
from heedful.task import engine, task_named
from heedful.task.base import Files
from heedful.task.config import make_settings
from tests.task.label_image.pictures import COLOURS, SMALL, write_squares

pytest.importorskip("PIL")
pytest.importorskip("lightning")
pytest.importorskip("sacrebleu")

QUICK = {"train": {"steps": 4, "valid_every": 2, "warmup": 1, "tokens": 8}, "data": {"height": 16, "width": 16}}


def settings(model, **data):
    return {**QUICK, "data": {**QUICK["data"], **data}, "model": SMALL[model]}


@pytest.mark.parametrize("model", SMALL)
def test_every_model_is_trained_saved_loaded_and_answers_the_same(model, tmp_path):
    table = write_squares(tmp_path)
    options = {"attributes": tmp_path / "attributes.csv"} if model == "attribute-guided" else {}
    trained = heedful.fit(
        "label-image", table, test=table, model=model, settings=settings(model), out=tmp_path / "run", **options
    )
    assert 0 <= trained.results["test accuracy"] <= 1
    loaded = heedful.load(tmp_path / "run")
    path = tmp_path / "pictures" / "0.png"
    before, after = trained.predictor.predict([path])[0], loaded.predict([path])[0]
    assert before.probabilities == after.probabilities
    assert before.boxes == after.boxes
    (answer,) = heedful.show(loaded, str(path))
    assert answer.record["label"] in COLOURS
    assert bool(answer.maps) is (model != "plain")
    json.dumps(answer.record)


def test_a_run_that_was_interrupted_goes_on_with_the_same_weights(tmp_path):
    """Glimpses, dropout and augmentation are drawn from torch's generator, whose state is kept."""
    table = write_squares(tmp_path)
    longer = settings("ram", augment=["flip", "colour"])
    whole = heedful.fit("label-image", table, model="ram", settings=longer, out=tmp_path / "whole")
    shorter = {**longer, "train": {**longer["train"], "steps": 2, "average": 0}}
    longer["train"]["average"] = 0
    whole = heedful.fit("label-image", table, model="ram", settings=longer, out=tmp_path / "whole", overwrite=True)
    heedful.fit("label-image", table, model="ram", settings=shorter, out=tmp_path / "cut")
    resumed = heedful.fit("label-image", table, model="ram", settings=longer, out=tmp_path / "cut", resume=True)
    for one, other in zip(
        whole.predictor.model.state_dict().values(), resumed.predictor.model.state_dict().values(), strict=True
    ):
        assert torch.equal(one, other)


def test_features_take_the_place_of_pixels(tmp_path):
    table = write_squares(tmp_path)
    (tmp_path / "features").mkdir()
    for number in range(24):
        np.save(tmp_path / "features" / f"{number}.npy", np.random.default_rng(number).random((3, 5, 6)))
    chosen = settings("fcan")
    chosen["data"] = {}
    trained = heedful.fit(
        "label-image", table, model="fcan", settings=chosen, out=tmp_path / "run", features=tmp_path / "features"
    )
    assert trained.predictor.config.model.settings.picture.features == 6
    loaded = heedful.load(tmp_path / "run")
    label = loaded.predict([tmp_path / "pictures" / "0.png"])[0]
    (map_,) = label.maps
    assert (map_.columns.height, map_.columns.width, map_.columns.picture) == (3, 5, (40, 30))
    (tmp_path / "other").mkdir()
    np.save(tmp_path / "other" / "0.npy", np.zeros((3, 5, 7)))
    other = heedful.load(tmp_path / "run", settings={"data": {"features": str(tmp_path / "other")}})
    with pytest.raises(UserError, match="3 × 5 × 7"):
        other.predict([tmp_path / "pictures" / "0.png"])
    with pytest.raises(UserError, match="the model 'ram' reads pixels, and no features"):
        heedful.fit("label-image", table, model="ram", out=tmp_path / "no", features=tmp_path / "features")


def test_damaged_pictures_are_left_out_unless_strict(tmp_path):
    table = write_squares(tmp_path)
    (tmp_path / "pictures" / "4.png").write_bytes(b"\x89PNG cut short")
    said = []
    shown = heedful.task.base.Shown(say=said.append)
    heedful.fit("label-image", table, valid=table, settings=settings("soft"), out=tmp_path / "run", shown=shown)
    assert any("training: 1 of 24 pictures cannot be read and are left out" in line for line in said)
    with pytest.raises(UserError, match=r"squares\.tsv:6"):
        heedful.fit("label-image", table, valid=table, settings=settings("soft"), out=tmp_path / "no", strict=True)


def test_code_of_the_users_own_is_trained(tmp_path):
    from heedful.layer.label import label_loss

    class Mean(torch.nn.Module):
        def __init__(self, classes, attributes):
            super().__init__()
            self.output = torch.nn.Linear(3, classes)

        def forward(self, pictures, grid):
            return self.output(pictures.mean((2, 3)))

        def loss(self, batch):
            return label_loss(self(batch.pictures, batch.grid), batch.labels)

    table = write_squares(tmp_path)
    trained = heedful.fit("label-image", table, model=Mean, settings=QUICK, out=tmp_path / "run")
    label = trained.predictor.predict([tmp_path / "pictures" / "0.png"])[0]
    assert label.label in COLOURS
    assert not label.maps
    results = heedful.evaluate(trained.predictor, table)
    assert "hit_rate" not in results


def test_one_label_is_nothing_to_learn(tmp_path):
    (tmp_path / "one.csv").write_text("image,label\npictures/0.png,red\npictures/1.png,red\n")
    write_squares(tmp_path)
    with pytest.raises(UserError, match="all training pictures have the label 'red'"):
        heedful.fit("label-image", tmp_path / "one.csv", out=tmp_path / "run")


def test_a_check_lists_labels_and_what_is_wrong(tmp_path):
    table = write_squares(tmp_path)
    (tmp_path / "pictures" / "4.png").write_bytes(b"no picture")
    task = task_named("label-image")
    config = make_settings(task.config)
    found = engine.check(task, config, Files([table]))
    assert found.facts["pictures"].count == 24
    assert found.facts["pictures that cannot be read"].count == 1
    assert found.facts["labels"].locations == ["blue 12", "red 12"]
    assert found.facts["pictures with a box"].count == 24
    assert found.facts["pictures with parts"].count == 24


def test_pictures_named_in_several_rows_are_held_out_together(tmp_path):
    table = write_squares(tmp_path)
    lines = table.read_text().splitlines()
    table.write_text("\n".join([*lines, *lines[1:]]) + "\n")
    task = task_named("label-image")
    examples = task.read(make_settings(task.config), Files([table]))
    held = task.hold_out(make_settings(task.config), examples)
    assert {each.picture for each in held.train}.isdisjoint({each.picture for each in held.valid})


def test_learning_finds_the_square(tmp_path):
    """The whole way from files: colours are learnt, and attention lies on the square."""
    table, test = write_squares(tmp_path / "a", count=60), write_squares(tmp_path / "b", count=40, seed=2)
    chosen = {
        "train": {"steps": 120, "valid_every": 60, "warmup": 10, "tokens": 16, "rate": 5e-3},
        "data": {"height": 32, "width": 32},
        "model": {"picture": {"hidden": 16, "channels": [8, 16], "blocks": 0}, "view": 16},
    }
    trained = heedful.fit("label-image", table, model="soft", settings=chosen, out=tmp_path / "run")
    results = heedful.evaluate(trained.predictor, test, control="centre")
    assert results["accuracy"] >= 0.95
    assert results["hit_rate"] >= 0.4  # the heaviest cell is often a neighbour, whose features see the square, too
    assert results["controls"]["centre"]["box"] <= 0.2


def test_the_features_of_a_network_are_read_by_their_picture(tmp_path):
    class Network(torch.nn.Module):
        identity = "network 1"

        def features(self, pictures):
            return torch.nn.functional.avg_pool2d(pictures, 4)

    table = write_squares(tmp_path)
    paths = [example.picture for example in read_labelled_pictures([table])]
    compute_features(Network(), paths, tmp_path / "features", picture_input=PictureInput(16, 16))
    assert FeatureFolder(tmp_path / "features").spec.dim == 3
    chosen = settings("soft")
    chosen["data"] = {"features": str(tmp_path / "features")}
    trained = heedful.fit("label-image", table, model="soft", settings=chosen, out=tmp_path / "run")
    (map_,) = trained.predictor.predict(paths[:1])[0].maps
    assert map_.columns.crop == (0.0, -5.0, 40.0, 35.0)
