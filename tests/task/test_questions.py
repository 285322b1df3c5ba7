"""A table to be answered is read by the columns that its run was trained with; other files are lines."""

import pytest

from heedful.errors import UserError
from heedful.task import task_named
from heedful.task.config import make_settings

NAMED = {"text_column": "review"}


def asked(task, path, content, data=None):
    """The questions of a file, for a run of these settings of data."""
    path.write_text(content)
    kind = task_named(task)
    return list(kind.questions(make_settings(kind.config, {"data": data or {}}), str(path)))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", 'stars,Review\n5,"good, I think"\n1,bad\n'),
        ("a.tsv", "review\ngood, I think\nbad\n"),
        ("a.jsonl", '{"review": "good, I think", "text": "no"}\n{"review": "bad"}\n'),
        ("a.txt", "good, I think\nbad\n"),
    ],
)
@pytest.mark.parametrize("task", ["classify", "pretrain"])
def test_the_column_is_the_one_that_was_trained_on(task, name, content, tmp_path):
    assert asked(task, tmp_path / name, content, NAMED) == ["good, I think", "bad"]


@pytest.mark.parametrize("task", ["classify", "pretrain"])
def test_a_column_of_a_name_is_not_guessed(task, tmp_path):
    for name, content in (("a.csv", "comment,stars\nx,1\n"), ("a.jsonl", '{"comment": "x", "stars": 1}\n')):
        with pytest.raises(
            UserError, match=r"a\.\w+:1: expected the columns 'review', found 'comment', 'stars'.*data\.text_column"
        ):
            asked(task, tmp_path / name, content, NAMED)
    assert asked(task, tmp_path / "b.tsv", "fine\tpos\nbad\tneg\n") == ["fine", "bad"], "nobody has named any"


def test_the_labels_of_a_file_need_no_column_of_their_own_name(tmp_path):
    data = NAMED | {"label_column": "stars"}
    assert asked("classify", tmp_path / "a.jsonl", '{"review": "x", "stars": 5}\n{"review": "y"}\n', data) == ["x", "y"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.tsv", "target\tsource\nno\tein Satz\n"),
        ("a.tsv", "ein Satz\tno\n"),
        ("a.jsonl", '{"source": "ein Satz"}\n'),
        ("a.txt", "ein Satz\n"),
    ],
)
def test_what_is_translated_is_the_source(name, content, tmp_path):
    assert asked("translate", tmp_path / name, content) == ["ein Satz"]


def test_what_is_parsed_is_the_text(tmp_path):
    assert asked("parse", tmp_path / "a.jsonl", '{"tree": "(S (X a))", "text": "a"}\n') == ["a"]
    with pytest.raises(UserError, match=r"a\.jsonl:1: expected the columns 'text', found 'tree'"):
        asked("parse", tmp_path / "a.jsonl", '{"tree": "(S (X a))"}\n')
    assert asked("parse", tmp_path / "a.csv", "Well, he said\n") == ["Well, he said"], "sentences have commas"
    assert asked("parse", tmp_path / "a.csv", 'tree,text\n(S (X a)),"a, b"\n\n') == ["a, b", ""]
    assert asked("parse", tmp_path / "a.tsv", "text\ttree\na\t(S (X a))\n") == ["a"]


CONTEXTS = {"a.jsonl": '{"turns": ["a"]}\n\n{"context": "b"}\n', "a.tsv": "a\tx\n\nb\ty\n", "a.txt": "a\n\nb\n"}


@pytest.mark.parametrize("name", CONTEXTS)
def test_a_blank_line_is_a_context_too(name, tmp_path):
    found = asked("chat", tmp_path / name, CONTEXTS[name])
    assert [[turn.text for turn in context] for context in found] == [["a"], [""], ["b"]]


@pytest.mark.parametrize(
    ("task", "order", "content", "first"),
    [
        ("translate", ("target", "source"), "no\tein Satz\n", "ein Satz"),
        ("classify", ("label", "text"), "pos\tfine\n", "fine"),
        ("pretrain", ("label", "text"), "pos\tfine\n", "fine"),
        ("match", ("label", "left", "right"), "1\ta\tb\n", ("a", "b")),
        ("match", ("label", "right", "left"), "b\ta\n", ("a", "b")),
    ],
)
def test_tables_without_a_header_are_read_as_the_training_table(task, order, content, first, tmp_path):
    assert asked(task, tmp_path / "a.tsv", content, {"columns": order}) == [first]


def test_replies_of_a_table_without_a_header_are_read_as_the_training_table(tmp_path):
    (context,) = asked("chat", tmp_path / "a.tsv", "fine\thow are you\n", {"columns": ("reply", "context")})
    assert context[0].text == "how are you"


@pytest.mark.parametrize(
    ("task", "data", "first", "rest"),
    [
        ("classify", {"columns": ("text", "label")}, "question\tkind", "who is it ?\tperson"),
        ("classify", {"columns": ("label", "text")}, "kind\tquestion", "person\twho is it ?"),
        ("translate", {"columns": ("source", "target")}, "english\tgerman", "a red car\tein rotes Auto"),
        ("match", {"columns": ("left", "right", "label")}, "question1\tquestion2", "who is it ?\twho is that ?"),
        ("chat", {"columns": ("context", "reply")}, "says\treplies", "who is it ?\tit is me"),
    ],
)
def test_a_header_with_other_names_than_the_training_table_had_is_no_question(task, data, first, rest, tmp_path):
    content = f"{first}\n{rest}\n{rest}\n"
    with pytest.raises(UserError, match=r"a\.tsv:1: the first line, .* looks like a header, but not with"):
        asked(task, tmp_path / "a.tsv", content, data)
    assert len(asked(task, tmp_path / "a.tsv", f"{rest}\n{rest}\n", data)) == 2
    assert len(asked(task, tmp_path / "a.tsv", content)) == 3, "the training table had no header"
