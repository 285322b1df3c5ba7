"""Labelling pictures from end to end through the command line: check, train, predict, show, score, and mistakes."""

import json
from pathlib import Path

import pytest

from heedful.cli.run import run
from heedful.watch import load_maps
from tests.task.label_image.pictures import COLOURS, write_squares

pytest.importorskip("PIL")

SETTINGS = {
    "model.picture.channels": "[8,8]",
    "model.picture.hidden": 8,
    "model.picture.blocks": 0,
    "model.localiser": 8,
    "data.height": 16,
    "data.width": 16,
    "train.steps": 4,
    "train.valid_every": 2,
    "train.warmup": 1,
    "train.tokens": 8,
}


@pytest.fixture(scope="module")
def labeller(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder, beside the pictures that it learnt."""
    pytest.importorskip("lightning")
    folder = tmp_path_factory.mktemp("label-image")
    table = write_squares(folder)
    settings = [word for name, value in SETTINGS.items() for word in ("--set", f"{name}={value}")]
    words = ["train", "label-image", "--train", str(table), "--model", "fcan", "--out", str(folder / "run")]
    assert run([*words, *settings]) == 0
    return folder / "run"


def out_of(capsys: pytest.CaptureFixture[str], *words: object, status: int = 0) -> tuple[str, str]:
    capsys.readouterr()
    assert run([str(word) for word in words]) == status
    captured = capsys.readouterr()
    return captured.out, captured.err


def test_a_picture_a_folder_a_table_and_a_list_are_labelled(labeller: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = labeller.parent
    (folder / "names.txt").write_text("pictures/1.png\npictures/0.png\n")
    one, _ = out_of(capsys, "predict", labeller, folder / "pictures" / "0.png")
    assert one.count("\n") == 1
    assert one.split("\t")[0] in COLOURS
    assert out_of(capsys, "predict", labeller, folder / "pictures")[0].count("\n") == 24
    assert out_of(capsys, "predict", labeller, folder / "squares.tsv")[0].count("\n") == 24
    assert out_of(capsys, "predict", labeller, folder / "names.txt")[0].splitlines()[1] + "\n" == one


def test_answers_as_json_have_boxes_and_maps_go_to_a_file(labeller: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = labeller.parent
    words = ("predict", labeller, folder / "pictures" / "0.png", "--json", "--attention", folder / "maps.npz")
    record = json.loads(out_of(capsys, *words)[0])
    assert set(record) == {"label", "probability", "probabilities", "boxes"}
    assert list(record["boxes"]) == ["part 1", "part 2", "part 3"]
    (map_,) = load_maps(folder / "maps.npz")
    assert list(map_.rows) == ["part 1", "part 2", "part 3"]
    assert [len(marks) for marks in map_.overlay.marks] == [1, 1, 1]


@pytest.mark.parametrize("suffix", ["svg", "html"])
def test_show_draws_in_the_terminal_and_into_files(
    labeller: Path, capsys: pytest.CaptureFixture[str], suffix: str
) -> None:
    folder = labeller.parent
    assert "part 2" in out_of(capsys, "show", labeller, folder / "pictures" / "0.png")[0]
    out_of(capsys, "show", labeller, folder / "pictures" / "0.png", "--out", folder / f"looks.{suffix}")
    assert "part 2" in (folder / f"looks.{suffix}").read_text()


def test_eval_scores_labels_places_and_controls(labeller: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("eval", labeller, labeller.parent / "squares.tsv", "--control", "centre,random", "--json")
    numbers = json.loads(out_of(capsys, *words)[0])
    assert {"accuracy", "hit_rate", "looks", "controls"} <= set(numbers)
    assert "accuracy" in out_of(capsys, *words[:-1])[0]


def test_check_reports_pictures_and_labels(labeller: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = out_of(capsys, "check", "label-image", labeller.parent / "squares.tsv")
    assert "blue 12" in out
    assert "pictures that cannot be read" in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("predict", "{run}", "{folder}/gone.png"), "gone.png"),
        (("show", "{run}", "{folder}/pictures/0.png", "{folder}/pictures/1.png"), "expected one text, got 2"),
        (("eval", "{run}", "{folder}/squares.tsv", "--control", "center"), "no control is called 'center'"),
        (("train", "label-image", "--train", "{folder}/squares.tsv", "--model", "rem"), "no model is called 'rem'"),
        (
            ("train", "label-image", "--train", "{folder}/squares.tsv", "--model", "attribute-guided", "--out", "x"),
            "needs a table of attributes",
        ),
        (
            ("train", "label-image", "--train", "{folder}/squares.tsv", "--set", "data.augment=[flop]"),
            "unknown augmentation 'flop'",
        ),
        (
            ("train", "label-image", "--train", "{folder}/squares.tsv", "--set", "model.attention.radius=3"),
            "model.attention.pooling.radius would change nothing",
        ),
    ],
)
def test_mistakes_are_told_in_a_line(
    labeller: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], message: str
) -> None:
    filled = [word.format(run=labeller, folder=labeller.parent) for word in words]
    _, errors = out_of(capsys, *filled, status=1)
    assert message in errors
    assert "Traceback" not in errors
