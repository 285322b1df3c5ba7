"""One engine serves a task that nobody foresaw: it trains, resumes, loads, answers and is scored as any other."""

import json
import random
from pathlib import Path

import pytest
import torch

import heedful
from heedful.data.bucket import Share
from heedful.errors import UserError
from heedful.task import engine
from heedful.task.base import Files, Shown
from heedful.task.config import make_settings
from heedful.train import Ranks
from tests.task.letters import LetterCounter, LettersTask

pytest.importorskip("lightning")

QUICK = {"train": {"epochs": None, "steps": 60, "valid_every": 30, "tokens": 60, "precision": "float32"}}


def write_lines(path: Path, count: int, seed: int = 1) -> Path:
    """Random words of a to d with how often each has an a."""
    draw = random.Random(seed)
    words = ["".join(draw.choices("abcd", k=draw.randint(1, 6))) for _ in range(count)]
    path.write_text("".join(f"{word}\t{word.count('a')}\n" for word in words))
    return path


@pytest.fixture(scope="module")
def lines(tmp_path_factory):
    return write_lines(tmp_path_factory.mktemp("letters") / "lines.tsv", 80)


@pytest.fixture(scope="module")
def trained(lines):
    """A run, and the lines that it told."""
    said: list[str] = []
    test = write_lines(lines.parent / "test.tsv", 20, seed=2)
    shown = Shown(say=said.append, draw=lambda seen: seen)
    found = heedful.fit(LettersTask(), lines, test=test, settings=QUICK, out=lines.parent / "run", shown=shown)
    return found, said


def test_the_whole_task_fits_on_three_pages():
    source = Path(__file__).with_name("letters.py").read_text().splitlines()
    assert len(source) <= 150


def test_it_learns_and_says_how_well(trained):
    found, said = trained
    assert said[0] == "validation: 8 of 80 training lines, held out"
    assert found.fit.exit_status == 0
    assert found.results["test right"] == 1.0
    assert found.results["test lines"] == 20, "no test line is used up by training"
    assert {"best valid_loss", "weights", "steps", "minutes"} <= set(found.results)
    assert isinstance(found.predictor, LetterCounter)
    assert [round(one) for one in found.predictor.predict(["abacab", "", "d"])] == [3, 0, 0]


def test_its_folder_says_what_it_is(trained):
    found, _ = trained
    readme = (found.folder / "README.md").read_text()
    assert "# sum: a counter made with heedful" in readme
    assert "| test right | 1 |" in readme
    assert f"heedful predict {found.folder} FILE" in readme
    names = {path.name for path in found.folder.iterdir()}
    assert {"config.yaml", "model.safetensors", "text.vocab.json", "metrics.jsonl"} <= names
    assert "custom" not in (found.folder / "config.yaml").read_text()


def test_loaded_it_answers_alike(trained, lines, tmp_path):
    found, _ = trained
    for task in (LettersTask(), LettersTask):
        again = heedful.load(found.folder, task=task)
        assert again.predict(["abacab", "cab"]) == found.predictor.predict(["abacab", "cab"])
        assert again.config == found.predictor.config
        assert isinstance(again.task, LettersTask)
    scores = heedful.evaluate(again, lines)
    assert scores == {"right": 1.0, "lines": 80}
    (answer,) = heedful.show(again, "cab")
    assert answer.text == "1"
    assert list(answer.maps[0].columns) == ["c", "a", "b"]
    assert int(answer.maps[0].weights.argmax()) == 1
    again.save(tmp_path / "copy")
    assert heedful.load(tmp_path / "copy", task=LettersTask).predict(["abacab"]) == again.predict(["abacab"])


def test_a_folder_says_whose_task_it_needs(trained):
    found, _ = trained
    with pytest.raises(UserError, match=r"no task is called 'letters'.*task="):
        heedful.load(found.folder)
    with pytest.raises(UserError, match=r"this run is of the task 'letters', not 'classify'"):
        heedful.load(found.folder, task="classify")


def test_the_command_line_says_it_in_one_line(trained, capsys):
    from heedful.cli.run import run

    found, _ = trained
    for command in ("predict", "show", "eval"):
        assert run([command, str(found.folder), "abacab"]) == 1
        told = capsys.readouterr()
        assert "no task is called 'letters'" in told.err
        assert "heedful.load(folder, task=MyTask)" in told.err
        assert "Traceback" not in told.err
        assert told.out == ""


def test_an_interrupted_run_goes_on_to_the_same_weights(trained, lines, tmp_path):
    found, _ = trained
    half = {"train": {**QUICK["train"], "steps": 30}}
    heedful.fit(LettersTask, lines, settings=half, out=tmp_path / "run")
    with pytest.raises(UserError, match="holds a run already"):
        heedful.fit(LettersTask, lines, settings=half, out=tmp_path / "run")
    more = heedful.fit(LettersTask, out=tmp_path / "run", settings={"train": {"steps": 60}}, resume=True)
    assert more.fit.steps == 60
    whole, resumed = (one.predictor.model.state_dict() for one in (found, more))
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_the_seed_alone_decides_the_weights(trained, lines, tmp_path):
    found, _ = trained
    again = heedful.fit(LettersTask, lines, settings=QUICK, out=tmp_path / "again")
    state = again.predictor.model.state_dict()
    assert all(torch.equal(value, state[name]) for name, value in found.predictor.model.state_dict().items())


def test_answers_come_in_chunks_and_one_a_question(trained, tmp_path):
    predictor = trained[0].predictor
    (tmp_path / "in.txt").write_text("a\nbb\naab\n")
    chunks = list(engine.answers(LettersTask(), predictor, str(tmp_path / "in.txt"), size=2, maps=False, options={}))
    assert [[answer.text for answer in chunk] for chunk in chunks] == [["1", "0"], ["2"]]


def test_a_question_has_as_many_texts_as_the_task_takes(trained):
    with pytest.raises(UserError, match="expected one text, got 2"):
        heedful.show(trained[0].predictor, "a", "b")


def test_its_files_are_checked(lines):
    task = LettersTask()
    report = engine.check(task, make_settings(task.config), Files([lines]))
    assert report.facts["lines"].count == 80
    (lines.parent / "bad.tsv").write_text("a\t1\nb\tmany\n")
    with pytest.raises(UserError, match=r"bad\.tsv:2: expected a count, found 'many'"):
        heedful.fit(task, lines.parent / "bad.tsv", out=lines.parent / "never")
    with pytest.raises(UserError, match=r"--train is missing \(give a file of lines with a tab and a count\)"):
        heedful.fit(task, out=lines.parent / "never")
    assert not (lines.parent / "never").exists()


def test_its_options_are_checked_in_python(trained, lines):
    predictor = trained[0].predictor
    assert heedful.evaluate(predictor, lines, within=1)["right"] == 1.0
    with pytest.raises(UserError, match=r"within is -1 \(expected 0 or more\)"):
        heedful.evaluate(predictor, lines, within=-1)
    with pytest.raises(UserError, match=r"beam is not for the task 'letters' \(its own options for eval are within\)"):
        heedful.evaluate(predictor, lines, beam=1)
    with pytest.raises(UserError, match=r"within is not for the task 'letters' \(it has none of its own for show\)"):
        heedful.show(predictor, "a", within=1)


def test_its_folds_are_dealt(lines, tmp_path):
    short = {"train": {**QUICK["train"], "steps": 20, "valid_every": 20}}
    found = heedful.fit(LettersTask, lines, settings=short, out=tmp_path / "run", folds=3)
    kept = json.loads((tmp_path / "run" / "folds.json").read_text())
    assert len(kept["folds"]) == 3
    assert found.results["folds"] == 3
    assert found.results["mean right"] == pytest.approx(sum(one["right"] for one in kept["folds"]) / 3, abs=1e-4)
    assert found.folder == tmp_path / "run" / "fold-3"


def test_an_empty_share_of_a_batch_has_tensors_too(trained):
    task, predictor = LettersTask(), trained[0].predictor
    examples = task.prepare(predictor, [("a", 1.0, ""), ("b", 0.0, "")], [("a", 1.0, "")]).train
    whole = examples.collate(Share([0, 1], [0, 1], 0, 0))
    empty = examples.collate(Share([], [0, 1], 0, 0))
    assert predictor.model.loss(empty).tokens == 0
    assert whole.tokens_total == empty.tokens_total == 2
    plan = examples.plan(predictor.config.train, Ranks(0, 1))
    assert sorted(row for batch in plan.batches(0) for row in batch) == [0, 1]
