"""From Python as from the command line: the same run, the same numbers, the same refusals."""

import json
import random
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file

import heedful
from heedful import UserError

SMALL = {
    "model": {"embed": 8, "hidden": 8},
    "train": {"steps": 6, "valid_every": 3, "warmup": 1, "tokens": 200, "precision": "float32"},
}


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    draw = random.Random(1)
    path = tmp_path_factory.mktemp("texts") / "texts.jsonl"
    rows = [{"text": " ".join(draw.choices("abcd", k=5)), "label": draw.choice("xy")} for _ in range(40)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture(scope="module")
def trained(texts):
    pytest.importorskip("lightning")
    pytest.importorskip("torchmetrics")
    return heedful.fit("classify", texts, test=[texts], model="birnn", settings=SMALL, out=texts.parent / "python")


def test_the_command_and_the_function_make_the_same_run(trained, texts):
    from heedful.cli.run import run

    out = texts.parent / "command"
    words = ["train", "classify", "--train", texts, "--test", texts, "--model", "birnn", "--out", out]
    words += [
        word
        for section, settings in SMALL.items()
        for name, value in settings.items()
        for word in ("--set", f"{section}.{name}={value}")
    ]
    assert run([str(word) for word in words]) == 0
    assert (out / "config.yaml").read_text() == (trained.folder / "config.yaml").read_text()
    ours, theirs = (load_file(folder / "model.safetensors") for folder in (trained.folder, out))
    assert all(torch.equal(ours[name], theirs[name]) for name in ours.keys() | theirs.keys())


def test_evaluate_and_show_are_what_the_commands_print(trained, texts, capsys):
    from heedful.cli.run import run

    predictor = heedful.load(trained.folder)
    assert run(["eval", str(trained.folder), str(texts), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    found = heedful.evaluate(predictor, texts)
    timed = {"run", "texts_per_second"}
    assert {name: value for name, value in printed.items() if name not in timed} == {
        name: value for name, value in found.items() if name not in timed
    }
    assert trained.results["test accuracy"] == found["accuracy"]
    (answer,) = heedful.show(predictor, "a b")
    assert list(answer.maps[0].columns) == ["a", "b"]
    assert run(["show", str(trained.folder), "a b"]) == 0
    assert capsys.readouterr().out.splitlines()[0].split() == answer.text.split()


def test_a_run_goes_on_from_python(trained, texts):
    with pytest.raises(UserError, match="resume"):
        heedful.fit("classify", texts, out=trained.folder)
    more = heedful.fit(
        "classify", texts, settings={"train": {"steps": 9}}, out=trained.folder.parent / "python", resume=True
    )
    assert more.fit.steps == 9


def test_what_is_not_known_is_refused(texts):
    with pytest.raises(UserError, match=r"no task is called 'clasify'"):
        heedful.fit("clasify", texts)
    with pytest.raises(UserError, match=r"^beam is not for the task 'classify'.*for train are start, vectors\)"):
        heedful.fit("classify", texts, beam=3)
    with pytest.raises(UserError, match=r"unknown setting 'train\.step'"):
        heedful.fit("classify", texts, settings={"train": {"step": 3}})


def test_asking_for_the_names_loads_no_trainer():
    code = "import heedful, sys; heedful.load; print('lightning' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def test_the_order_of_the_training_table_is_that_of_later_ones_without_a_header(tmp_path):
    pytest.importorskip("lightning")
    pytest.importorskip("torchmetrics")
    rows = "".join(f"{'xy'[number % 2]}\t{number}\t{'ab'[number % 2]} c\n" for number in range(20))
    (tmp_path / "train.tsv").write_text(f"Label\tid\ttext\n{rows}")
    (tmp_path / "test.tsv").write_text(rows)
    settings = {**SMALL, "train": {**SMALL["train"], "steps": 2}}
    heedful.fit("classify", tmp_path / "train.tsv", model="birnn", settings=settings, out=tmp_path / "run")
    classifier = heedful.load(tmp_path / "run")
    assert classifier.config.data.columns == ("label", "id", "text")
    assert heedful.evaluate(classifier, tmp_path / "test.tsv")["texts"] == 20
    assert set(classifier.labels) == {"x", "y"}
    assert list(classifier.task.questions(classifier.config, str(tmp_path / "test.tsv")))[:2] == ["a c", "b c"]
    (tmp_path / "other.tsv").write_text("kind\tid\tquestion\nx\t0\ta c\ny\t1\tb c\n")
    expected = r"other\.tsv:1: the first line, 'kind', 'id', 'question', looks like a header, but not with 'text'"
    for ask in (
        lambda: heedful.evaluate(classifier, tmp_path / "other.tsv"),
        lambda: list(classifier.task.questions(classifier.config, str(tmp_path / "other.tsv"))),
    ):
        with pytest.raises(UserError, match=expected):
            ask()
    named = {"data": {"text_column": "question", "label_column": "kind"}}
    assert heedful.evaluate(heedful.load(tmp_path / "run", settings=named), tmp_path / "other.tsv")["texts"] == 2
