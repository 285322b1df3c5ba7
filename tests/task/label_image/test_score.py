"""Scores of labels and of where a model looked, and their controls."""

from pathlib import Path

import pytest
import torch

from heedful.data.image import LabelledPicture, read_labelled_pictures
from heedful.errors import UserError
from heedful.task.label_image.score import control_names, evaluate, label_scores, where_scores
from tests.task.label_image.pictures import COLOURS, tiny

pytest.importorskip("PIL")


def squares(folder):
    return read_labelled_pictures([folder / "squares.tsv"])


def test_scores_are_those_of_the_answers(tmp_path):
    labeller = tiny(tmp_path, "fcan")
    examples = squares(tmp_path)
    results = evaluate(labeller, examples)
    answers = labeller.predict([example.picture for example in examples])
    right = [answer.label == example.label for answer, example in zip(answers, examples, strict=True)]
    assert results["pictures"] == 24
    assert results["accuracy"] == round(sum(right) / 24, 4)
    assert {label: numbers["pictures"] for label, numbers in results["classes"].items()} == dict.fromkeys(COLOURS, 12)
    hits = 0
    for answer, example in zip(answers, examples, strict=True):
        left, top, right_, bottom = answer.boxes["part 1"]
        x, y = (left + right_) / 2, (top + bottom) / 2
        hits += example.box[0] <= x <= example.box[2] and example.box[1] <= y <= example.box[3]
    assert results["looks"]["part 1"]["box"] == round(hits / 24, 4)
    assert list(results["looks"]["part 2"]) == ["box", "beak"]
    assert "parts_rate" not in results
    assert "note" not in results


def test_a_part_that_has_the_name_of_a_localiser_is_compared_with_it(tmp_path):
    results = evaluate(tiny(tmp_path, "attribute-guided"), squares(tmp_path))
    assert results["parts_rate"] == results["looks"]["beak"]["beak"]


def test_of_glimpses_the_last_one_counts():
    example = LabelledPicture(Path("x"), "red", "t:1", box=(0.0, 0.0, 10.0, 10.0))
    boxes = {"glimpse 1": (0.0, 0.0, 4.0, 4.0), "glimpse 2": (18.0, 18.0, 22.0, 22.0)}
    assert where_scores([example], [boxes], glimpses=True) == {"hit_rate": 0.0, "looks": {"glimpse 2": {"box": 0.0}}}
    assert where_scores([example], [boxes], glimpses=False)["hit_rate"] == 0.5
    bare = LabelledPicture(Path("x"), "red", "t:1")
    assert where_scores([bare], [boxes], glimpses=False) == {}


def test_controls_look_elsewhere_with_the_same_weights(tmp_path):
    labeller = tiny(tmp_path, "fcan")
    examples = squares(tmp_path)
    results = evaluate(labeller, examples, "centre, random")
    inside = [example.box[0] <= 20 <= example.box[2] and example.box[1] <= 15 <= example.box[3] for example in examples]
    assert results["controls"]["centre"]["box"] == round(sum(inside) / 24, 4)
    assert list(results["controls"]["centre"]) == ["accuracy", "box", "beak"]
    assert results["controls"]["random"] == evaluate(labeller, examples, "random")["controls"]["random"]
    looked = [row["box"] for row in results["looks"].values()]
    assert results["controls"]["random"]["box"] != round(sum(looked) / len(looked), 4)


def test_an_unknown_control_and_one_of_a_model_that_does_not_look_are_told(tmp_path):
    assert control_names("random,centre") == ["random", "centre"]
    with pytest.raises(UserError, match=r"no control is called 'center'.*did you mean 'centre'"):
        control_names("center")
    with pytest.raises(UserError, match="the model 'plain' does not choose where to look"):
        evaluate(tiny(tmp_path, "plain"), squares(tmp_path), "centre")


def test_pictures_that_cannot_be_read_are_left_out_and_told(tmp_path):
    labeller = tiny(tmp_path, "soft")
    examples = squares(tmp_path)
    examples[3].picture.write_bytes(b"no picture")
    results = evaluate(labeller, examples)
    assert results["pictures"] == 23
    assert "1 pictures cannot be read and are left out; the first is" in results["note"]
    assert "squares.tsv:5" in results["note"]
    with pytest.raises(UserError, match=r"squares\.tsv:5"):
        evaluate(labeller, examples[3:4])


def test_an_unknown_label_is_an_error_and_no_part_of_the_loss():
    logits = torch.tensor([[2.0, 0.0], [0.0, 3.0]])
    numbers = label_scores(logits, [0, -1])
    assert numbers["accuracy"] == 0.5
    assert numbers["loss"] == pytest.approx(torch.log1p(torch.tensor(-2.0).exp()).item(), abs=1e-4)
