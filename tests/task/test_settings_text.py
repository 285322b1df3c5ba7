"""All settings as commented YAML: every one is explained, and the text is the defaults again."""

from collections.abc import Iterator

import pytest
import yaml
from pydantic import BaseModel

from heedful.cli.run import run
from heedful.model.attention_sections import SelfSections, TextSections, TransformerSections
from heedful.model.names import HasChoices
from heedful.task import all_tasks
from heedful.task.commands import settings_of
from heedful.task.models import CustomModelConfig
from heedful.task.settings_text import settings_text
from heedful.watch.look import Look

CASES = [(task.name, model) for task in all_tasks() for model in task.models.names]


def classes() -> set[type[BaseModel]]:
    """All classes of settings."""
    found: set[type[BaseModel]] = {Look, TextSections, SelfSections, TransformerSections}
    for task in all_tasks():
        found |= set(_inside(task.config))
        for name in task.models.names.values():
            found |= set(_inside(name.family.config))
    return found - {CustomModelConfig}


def _inside(kind: type[BaseModel]) -> Iterator[type[BaseModel]]:
    yield kind
    for field in kind.model_fields.values():
        if isinstance(field.default, BaseModel):
            yield from _inside(type(field.default))


@pytest.mark.parametrize("kind", sorted(classes(), key=str), ids=lambda kind: kind.__name__)
def test_every_setting_is_described(kind: type[BaseModel]) -> None:
    plain = {name for name, field in kind.model_fields.items() if not field.description}
    assert plain <= {"task", "custom"}
    for name, field in kind.model_fields.items():
        assert "None" not in (field.description or ""), f"{name}: in YAML it is null"
    if issubclass(kind, HasChoices):
        assert set(kind.choices()) <= set(kind.model_fields)


@pytest.mark.parametrize(("task", "model"), CASES, ids=str)
def test_the_text_is_the_defaults_again(task: str, model: str, tmp_path) -> None:
    config = settings_of(task, model=model)
    text = settings_text(config)
    (tmp_path / "all.yaml").write_text(text)
    assert settings_of(task, config=tmp_path / "all.yaml") == config
    assert yaml.safe_load(text)["model"]["name"] == model
    for line in text.splitlines():
        assert not line or "#" in line or line.startswith("task:"), f"not explained: {line}"


def test_a_line_has_the_value_the_meaning_and_the_range() -> None:
    text = settings_text(settings_of("translate", model="rnnsearch"))
    assert "  epochs: 20  # stop after this many passes over the data; null: no limit (1 or more)\n" in text
    assert "  dropout: 0.2  # rate of dropout of embeddings, layers and readout (0 or more and below 1)\n" in text
    assert "    score: additive  # how well a key matches a query (dot, scaled-dot, cosine, general, additive, " in text
    assert "  schedule: inverse-sqrt  # how the learning rate falls after the warmup (inverse-sqrt, cosine or " in text


def test_attentions_that_a_model_lacks_are_not_listed() -> None:
    assert "attention:" not in settings_text(settings_of("classify", model="textcnn"))
    assert "pooling:  #" in settings_text(settings_of("classify", model="birnn"))
    assert "self:  #" not in settings_text(settings_of("classify", model="birnn"))
    text = settings_text(settings_of("classify", model="transformer"))
    assert "    pooling:  # pooling: from" in text
    assert "    self:  # self-attention" in text


def test_the_command_prints_it_and_trains_nothing(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["train", "match", "--settings", "--set", "train.rate=0.5", "--model", "bcnn"]) == 0
    told = capsys.readouterr()
    assert yaml.safe_load(told.out)["train"]["rate"] == 0.5
    assert (told.err, list(tmp_path.iterdir())) == ("", [])
    assert run(["pretrain", "--settings"]) == 0
    assert yaml.safe_load(capsys.readouterr().out)["task"] == "pretrain"
    assert run(["train", "match", "--settings", "--set", "train.rat=0.5"]) == 1
    assert "did you mean 'rate'" in capsys.readouterr().err
