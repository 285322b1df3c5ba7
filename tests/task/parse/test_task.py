"""The task as the command line drives it: answers, drawings, checks."""

from pathlib import Path
from typing import Any

import pytest

from heedful.errors import UserError
from heedful.task import task_named
from heedful.task.base import Files, Task
from heedful.task.config import make_settings
from heedful.task.engine import check, show
from heedful.task.parse.config import ParseConfig


def test_it_is_a_task() -> None:
    assert isinstance(task_named("parse"), Task)


def test_answers_are_brackets(make_parser: Any) -> None:
    task = task_named("parse")
    parser, questions = make_parser(decode={"longest_source": 3}), ["John runs", "", "a b c d"]
    answers = task.answer(parser, questions, first=5, maps=True, every=False, options={})
    assert answers[0].text.startswith("(")
    assert answers[0].record["words"] == ["John", "runs"]
    assert len(answers[0].maps) == 1
    assert (answers[1].text, answers[1].record["tree"]) == ("", None)
    assert answers[2].note == "question 7 is too long; only its first 3 words were parsed"


def test_show_draws_tree_and_map(make_parser: Any, tmp_path: Path) -> None:
    task, parser = task_named("parse"), make_parser()
    (answer,) = task.show(parser, ["the dog runs ."], every=False, options={"tree": tmp_path / "tree.svg"})
    first, _, drawing = answer.text.partition("\n\n")
    assert first.startswith("(")
    assert "dog" in drawing
    assert "XX" not in drawing
    assert len(answer.maps) == 1
    assert "dog" in (tmp_path / "tree.svg").read_text(encoding="utf-8")
    (every,) = task.show(parser, ["the dog runs ."], every=True, options={})
    titles = [f"Guided LSTM: {title}" for title in ("attention to the words nearby", "source attention")]
    assert [map_.title for map_ in every.maps] == titles
    (empty,) = task.show(parser, [" "], every=False, options={})
    assert empty.note == "there are no words"
    with pytest.raises(UserError, match="expected one text, got 2"):
        show(task, parser, ("a", "b"), every=False, options={})


def test_check_reports(make_parser: Any, files: Path) -> None:
    task = task_named("parse")
    (files / "two.mrg").write_text("(S (NP (NNP John)) (VP (VBZ runs)) (. .))\n(FRAG (NN zebra))\n")
    config = make_settings(ParseConfig, {"data": {"max_length": 12}})
    report = check(task, config, Files([files]))
    assert report.facts["trees"].count == 6
    assert report.facts["seen before"].locations == [f"{files / 'two.mrg'}:1"]
    assert report.facts["labels seen once"].locations == ["PP", "FRAG"]
    assert report.facts["more than 12 symbols"].count == 3
    assert report.sides["sentence"].unknown_rate == 0.0
    known = check(task, config, Files([files / "two.mrg"]), predictor=make_parser())
    assert known.sides["sentence"].total == 4
    assert report.examples[0][1][1].startswith("(S (NP XX XX )NP")


def test_an_unknown_word_is_seen_by_check(make_parser: Any, files: Path, tmp_path: Path) -> None:
    parser = make_parser()
    (tmp_path / "new.mrg").write_text("(S (NN zebra) (NN dog))\n")
    report = check(task_named("parse"), parser.config, Files([tmp_path / "new.mrg"]), predictor=parser)
    assert report.sides["sentence"].unknown == ["zebra"]
    assert report.sides["sentence"].unknown_rate == 0.5
