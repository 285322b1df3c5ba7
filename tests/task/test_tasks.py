"""What all tasks share: a table of names, settings in layers, a folder that says whose it is."""

import pytest

from heedful.errors import UserError
from heedful.task import all_tasks, task_named
from heedful.task.base import Task, Usage
from heedful.task.config import changed_for_use, make_settings, section
from heedful.task.engine import read_sets
from heedful.task.folder import load_settings, save_config, save_readme, task_of
from heedful.task.tokenisers import TokeniserSettings, learn_tokeniser

EVERY = pytest.mark.parametrize("task", list(all_tasks()), ids=lambda task: task.name)


@EVERY
def test_a_task_keeps_its_promises(task):
    assert isinstance(task, Task)
    assert task.summary
    assert task.files
    for name in task.models.names:
        config = make_settings(task.config, {"model": name})
        assert config.model_name == name
        assert make_settings(task.config, config.model_dump(mode="json")) == config
    for alias, name in task.models.aliases.items():
        assert task.models.named(alias)[0] == name
    with pytest.raises(UserError, match="no model is called 'bogus'"):
        task.models.named("bogus")


@EVERY
def test_a_folder_says_which_task_it_is_of(task, tmp_path):
    config = make_settings(task.config)
    save_config(config, tmp_path)
    assert task_of(tmp_path) == task.name
    assert load_settings(task.config, tmp_path) == config


@EVERY
def test_one_setting_leaves_its_neighbours_as_the_task_has_them(task):
    for name in task.models.names:
        config = make_settings(task.config, {"model": name})
        texts = {key for key, value in config.data if isinstance(value, TokeniserSettings)}
        for key in texts:
            changed = make_settings(task.config, {"model": name, "data": {key: {"size": 99}}})
            assert getattr(changed.data, key) == getattr(config.data, key).model_copy(update={"size": 99})


def test_a_folder_of_no_task_is_told(tmp_path):
    with pytest.raises(UserError, match=r"no config\.yaml"):
        task_of(tmp_path)
    (tmp_path / "config.yaml").write_text("task: bogus\n")
    with pytest.raises(UserError, match="no task is called 'bogus'"):
        task_named(task_of(tmp_path))


def test_only_how_it_answers_may_be_changed_afterwards():
    config = make_settings(task_named("classify").config)
    assert changed_for_use(config, {}) is config
    changed = changed_for_use(config, {"answer": {"tokens": 7}})
    assert (changed.answer.tokens, changed.answer.precision) == (7, config.answer.precision)
    with pytest.raises(UserError, match=r"--set model: training has fixed that \(what .* is answer"):
        changed_for_use(config, {"model": {"hidden": 3}})


@pytest.mark.parametrize("task", ["classify", "pretrain"])
def test_the_names_of_columns_may_be_changed_afterwards_as_the_hint_says(task):
    config = make_settings(task_named(task).config, {"data": {"max_length": 9}} if task == "classify" else {})
    changed = changed_for_use(config, {"data": {"text_column": "review"}})
    assert changed.data == config.data.model_copy(update={"text_column": "review"})
    with pytest.raises(UserError, match=r"--set data\.hold_out: training has fixed that"):
        changed_for_use(config, {"data": {"text_column": "review", "hold_out": 0.5}})
    with pytest.raises(UserError, match="--set data: training has fixed that"):
        changed_for_use(config, {"data": 3})


def test_a_section_that_is_none_and_a_file_that_is_missing_are_told():
    with pytest.raises(UserError, match="the section 'data' is 5"):
        section({"data": 5}, "data")
    with pytest.raises(UserError, match=r"--train is missing \(give a \.tsv"):
        read_sets(task_named("classify"), make_settings(task_named("classify").config))


def test_a_readme_rounds_numbers_and_needs_no_results(tmp_path):
    config, usage = make_settings(task_named("translate").config), Usage("a thing", "Use it", ("use {run}",))
    save_readme(tmp_path, config, usage, results={"x": 0.123456, "y": "z"})
    assert "| x | 0.1235 |\n| y | z |" in (tmp_path / "README.md").read_text()
    save_readme(tmp_path, config, usage, results={"signature": "nrefs:1|case:mixed|tok:13a", "a|b": "two\nlines"})
    text = (tmp_path / "README.md").read_text()
    assert r"| signature | nrefs:1\|case:mixed\|tok:13a |" in text
    assert r"| a\|b | two lines |" in text
    save_readme(tmp_path, config, usage)
    assert "|" not in (tmp_path / "README.md").read_text()


@pytest.mark.parametrize("name", ["sentencepiece", "word", "character"])
def test_each_tokeniser_is_learnt_from_texts(name):
    texts = ["A b b c", "a b 好"] * 20
    tokeniser = learn_tokeniser(TokeniserSettings(tokeniser=name, size=600), texts, lowercase=True)
    assert tokeniser.size <= 600
    assert tokeniser.encode("A B") == tokeniser.encode("a b")
    with pytest.raises(UserError, match="no text"):
        learn_tokeniser(TokeniserSettings(tokeniser=name), [""])


def test_rare_words_are_unknown_where_they_should_be():
    tokeniser = learn_tokeniser(TokeniserSettings(tokeniser="word", min_count=2), ["a a b"])
    assert tokeniser.pieces(tokeniser.encode("a b")) == ["a", "<unk>"]
    tokeniser = learn_tokeniser(TokeniserSettings(tokeniser="word", min_count=2, unknown="shape"), ["a a b"])
    assert tokeniser.pieces(tokeniser.encode("a b")) == ["a", "<lower >"]


@pytest.mark.parametrize("given", [{"tokeniser": "character", "min_count": 2}, {"tokeniser": "word"}])
def test_shapes_without_rare_words_are_refused(given):
    with pytest.raises(UserError, match=r"unknown is 'shape'.*set tokeniser to word and min_count to 2"):
        TokeniserSettings(unknown="shape", **given)
