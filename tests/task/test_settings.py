"""Settings of the user: layers join, and every fault is told with its key and the likeliest right one."""

import pytest

from heedful import UserError
from heedful.task.config import ModelChoice, make_settings, read_settings
from heedful.task.settings import check_settings, join_settings, parse_settings
from heedful.task.translate.config import DecodeSettings, TranslateConfig
from heedful.task.translate.models import MODELS


def translation(*layers, where=None):
    return make_settings(TranslateConfig, *layers, where=where)


def make_choice(name, **settings):
    return ModelChoice.of(MODELS, {"name": name, **settings})


def test_later_layers_win_key_by_key():
    joined = join_settings({"a": {"x": 1, "y": 2}, "b": 1}, {"a": {"y": 3}}, {"b": {"z": 1}})
    assert joined == {"a": {"x": 1, "y": 3}, "b": {"z": 1}}


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("a.b=3", {"a": {"b": 3}}),
        ("a=true", {"a": True}),
        ("a = null", {"a": None}),
        ("a=[x, y]", {"a": ["x", "y"]}),
        ("a=x=y", {"a": "x=y"}),
        ("a=", {"a": None}),
    ],
)
def test_words_of_the_command_line_become_settings(word, value):
    assert parse_settings([word]) == value


@pytest.mark.parametrize("word", ["a", "=3", "a..b=3", "a=[1,", "a=2024-13-45"])
def test_a_word_that_is_no_setting_is_quoted(word):
    with pytest.raises(UserError, match="--set"):
        parse_settings([word])


@pytest.mark.parametrize("name", ["transformer", "rnnsearch", "luong", "luong-local", "sutskever", "cho"])
def test_what_is_written_is_read_again(name):
    config = translation({"model": name, "data": {"train": ["a.en", "a.de"]}})
    assert translation(config.model_dump(mode="json")) == config
    assert check_settings(TranslateConfig, config.model_dump(mode="json")) == config


def test_a_models_own_defaults_give_way_to_the_users():
    assert translation({"model": "transformer"}).train.rate != translation({"model": "rnnsearch"}).train.rate
    assert translation({"model": "transformer", "train": {"rate": 0.5}}).train.rate == 0.5
    for name in ("transformer", "weighted-transformer"):
        assert translation({"model": name, "data": {"shared": False}}).model.settings.tie == "target"
    both = {"model": {"name": "transformer", "tie": "none"}, "data": {"shared": False}}
    assert translation(both).model.settings.tie == "none"
    for name in ("rnnsearch", "luong"):  # two vocabularies tie no words that were not tied
        assert translation({"model": name, "data": {"shared": False}}).model.settings == make_choice(name).settings


def test_a_preset_is_changed_inside_its_sections():
    choice = make_choice("luong", attention={"score": "dot"}, merge="sum")
    assert choice.settings.attention.score == "dot"
    assert choice.settings.decoder == "luong-feeding"
    assert make_choice("bahdanau").name == "rnnsearch"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"trian": {}}, ["unknown setting 'trian'", "did you mean 'train'"]),
        ({"train": {"rat": 1}}, ["'train.rat'", "did you mean 'rate'"]),
        ({"model": {"name": "rnsearch"}}, ["'rnsearch'", "did you mean 'rnnsearch'"]),
        ({"model": {"name": "rnnsearch", "hiden": 3}}, ["'model.hiden'", "did you mean 'hidden'"]),
        ({"model": {"name": "rnnsearch", "attention": {"scor": "dot"}}}, ["'model.attention.scor'", "'score'"]),
        ({"model": {"name": "rnnsearch", "attention": {"score": "addtive"}}}, ["'addtive'", "'additive'"]),
        ({"model": {"name": "transformer", "dropout": 2}}, ["'model.dropout' is 2", "less than 1"]),
        ({"data": {"source": {"tokeniser": "char"}}}, ["'data.source.tokeniser' is 'char'", "mean 'character'"]),
        ({"train": {"epochs": None}}, ["'train' do not fit", "never end"]),
        ({"train": {"rate": -1}}, ["'train.rate' is -1", "greater than 0"]),
        ({"model": 5}, ["section 'model' is 5"]),
        ({"data": {"source": 5}}, ["'data.source' is 5"]),
    ],
)
def test_a_wrong_setting_is_told_by_its_path(given, words):
    with pytest.raises(UserError) as error:
        translation(given, where="my.yaml")
    assert all(word in str(error.value) for word in ["my.yaml", *words]), str(error.value)
    assert "\n" not in str(error.value)


def test_a_missing_setting_is_named():
    with pytest.raises(UserError, match=r"look\.module"):
        translation({"look": {"head": 1}})


def test_a_file_of_another_task_is_refused(tmp_path):
    (tmp_path / "c.yaml").write_text("task: caption\n")
    with pytest.raises(UserError, match="'caption'"):
        read_settings(tmp_path / "c.yaml", "translate")


def test_settings_cannot_be_changed_in_place():
    with pytest.raises(ValueError, match="frozen"):
        DecodeSettings().beam = 3
