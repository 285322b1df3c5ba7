"""Every attention setting of every model changes the model that is built, or is refused by name."""

from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import heedful
from heedful.data.image.png import write_png
from heedful.errors import UserError
from heedful.model.attention_config import AttentionConfig
from heedful.structure import Attention
from heedful.task import all_tasks, engine, task_named
from heedful.task.attention_settings import attentions_of
from heedful.task.commands import settings_of
from heedful.task.custom import build_model
from heedful.task.settings import nested

ROWS = {
    "translate": "a b\tB A\nc a b\tB A C\n",
    "classify": "text\tlabel\na b\tx\nc a b\ty\n",
    "match": "left\tright\tlabel\na b\tb a\t1\nc a b\tb\t0\n",
    "parse": "(S (NP (N a)) (VP (V b)))\n(S (NP (N c)) (VP (V a)))\n",
    "chat": '{"turns": ["a b", "b a", "c"]}\n{"turns": ["c", "a b", "b"]}\n',
    "language-model": "a b c\nc a b\n",
    "pretrain": "a b c\nc a b\n",
    "caption": '{"image": "a.png", "caption": "a b"}\n{"image": "a.png", "caption": "c a b"}\n',
    "label-image": "image\tlabel\na.png\tx\nb.png\ty\n",
}
SUFFIXES = {"parse": "mrg", "chat": "jsonl", "language-model": "txt", "pretrain": "txt", "caption": "jsonl"}
WORD = {"tokeniser": "word"}
DATA: dict[str, Any] = {
    "translate": {"source": WORD, "target": WORD, "shared": False},
    "parse": {"reverse": False},
    "classify": {"text": WORD, "max_length": 50},
    "match": {"text": WORD},
    "label-image": {},
}
CASES = [(task.name, model) for task in all_tasks() for model in task.models.names]
OTHER = {"score": "linear-concat", "region": "window", "choice": "sparsemax"}
NUMBERS = {"width": 5, "radius": 3, "temperature": 0.5, "best": 2, "max_length": 3000}
WITH = {
    "width": {"score": "additive"},
    "radius": {"region": "predicted"},
    "temperature": {"choice": "hard"},
    "best": {"choice": "topk"},
    "max_length": {"score": "location"},
}
REFUSING = {("caption", "adaptive"): "region", ("caption", "show-attend-tell-hard"): "choice"}
"""Models that refuse values of an attention that they have, and a setting that the error quotes."""


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    for task, rows in ROWS.items():
        (folder / f"{task}.{SUFFIXES.get(task, 'tsv')}").write_text(rows)
    for name in ("a.png", "b.png"):
        write_png(folder / name, np.zeros((8, 8, 3), np.uint8))
    return folder


def small(model: str, task: str) -> dict[str, Any]:
    """Model settings that make it small."""
    preset = task_named(task).models.names[model].preset.model_dump()
    # The layers of the plain classifier of pictures are a tuple of widths.
    fields = {name for name, value in preset.items() if not isinstance(value, tuple)}
    sizes = {"width": 8, "heads": 2, "feedforward": 8, "embed": 8, "hidden": 8, "maps": 4}
    sizes |= {"encoder_layers": 1, "decoder_layers": 1, "layers": 1}
    return {name: size for name, size in sizes.items() if name in fields and not (model.startswith(("abc", "bc")))}


def config_of(task: str, model: str, *layers: dict[str, Any]):
    data = {"data": DATA.get(task, {"text": WORD})}
    reach = {"model": {"reach": None}} if (task, model) == ("language-model", "transformer") else {}
    joined = heedful.task.settings.join_settings(data, {"model": small(model, task)}, reach, *layers)
    return settings_of(task, model=model, settings=joined)


@cache
def sizes_of(task_name: str, folder) -> dict[str, Any]:
    """What a task tells its models; the same for all attentions."""
    if task_name in ("caption", "label-image"):
        pytest.importorskip("PIL")
    task = task_named(task_name)
    config = config_of(task_name, task.models.default)
    path = folder / f"{task_name}.{SUFFIXES.get(task_name, 'tsv')}"
    config = config.model_copy(update={"data": config.data.model_copy(update={"train": (str(path),)})})
    raw = engine.read_sets(task, config).train
    config = task.settle(config, raw)
    return dict(task.sizes(config, task.learn(config, raw)))


def parts(model: nn.Module) -> list[Any]:
    """Whatever of a model's attentions settings may change: classes, numbers, and shapes of weights."""

    def plain(value: object) -> Any:
        numbers = {name: entry for name, entry in vars(value).items() if isinstance(entry, int | float | str)}
        inner = [plain(entry) for entry in vars(value).values() if type(entry).__module__.startswith("heedful")]
        inner += [plain(child) for child in value.children()] if isinstance(value, nn.Module) else []
        shapes = [p.shape for p in value.parameters()] if isinstance(value, nn.Module) else []
        return type(value).__name__, numbers, inner, shapes

    attentions = [one for one in model.modules() if isinstance(one, Attention)]
    shapes = {name: tensor.shape for name, tensor in model.state_dict().items()}
    return [*((plain(one.score), plain(one.region), plain(one.choice)) for one in attentions), shapes]


def built(task: str, config, folder) -> list[Any]:
    torch.manual_seed(0)
    return parts(build_model(config, sizes_of(task, folder), {}))


@pytest.mark.parametrize(("task", "model"), CASES, ids=str)
def test_a_setting_changes_the_model_or_is_refused(task: str, model: str, files) -> None:
    usual = config_of(task, model)
    paths = list(attentions_of(usual.model.settings))
    groups = {path.rpartition(".")[0] for path in paths} - {""}
    # The short forms, every section that there is, and those that other models have.
    for path in dict.fromkeys([*paths, *groups, "attention", "attention.self", "attention.source"]):
        is_known = path in paths or path in groups
        for name, value in (OTHER | NUMBERS).items():
            for extra in ({}, *([WITH[name]] if name in WITH and is_known else [])):
                changes = {"model": nested(path.split("."), {**extra, name: value})}
                found, refusal = tried(task, model, changes, files)
                quoted = f"attention.{REFUSING.get((task, model))}"
                if refusal is not None and is_known and quoted in str(refusal):
                    continue
                if refusal is not None:
                    assert not (is_known and name in OTHER), f"{path}.{name}: {refusal}"
                    assert not extra, f"{path}.{name} with {extra}: {refusal}"
                    expect_a_clear_line(refusal, path, name)
                    continue
                # A language model without attention gets one by its settings.
                gets_one = (task, model) == ("language-model", "lstm")
                plain = {"model": nested(path.split("."), extra)} if extra or gets_one else {}
                before = built(task, config_of(task, model, plain), files)
                assert found != before, f"{path}.{name} = {value!r} changes nothing"


def tried(task: str, model: str, changes: dict[str, Any], files) -> tuple[Any, UserError | None]:
    """What is built with changed settings, or their refusal."""
    try:
        return built(task, config_of(task, model, changes), files), None
    except UserError as error:
        return None, error


def expect_a_clear_line(error: UserError, path: str, name: str) -> None:
    text = str(error)
    if "unknown setting" in text:
        return
    assert f"model.{path}" in text or f".{name} would change nothing" in text, text
    assert "it is for" in text or "models that have" in text or "no model of this task" in text, text


@pytest.mark.parametrize(
    ("task", "model", "settings", "words"),
    [
        ("classify", "textcnn", {"attention": {"score": "additive"}}, ["model.attention.score", "birnn", "han"]),
        ("classify", "textcnn", {"attention": {"score": "dot"}}, ["model.attention.score", "transformer"]),
        ("classify", "birnn", {"attention": {"self": {"score": "dot"}}}, ["model.attention.self.score", "transformer"]),
        ("classify", "birnn", {"attention": {"radius": 3}}, ["radius", "it is for region window or predicted"]),
        ("translate", "cho", {"attention": {"score": "dot"}}, ["model.attention.score", "rnnsearch", "transformer"]),
        ("translate", "transformer", {"attention": {"best": 3}}, ["best", "it is for choice topk"]),
        ("match", "abcnn3", {"attention": {"score": "dot"}}, ["model.attention.score", "siamese", "cross-attention"]),
        ("match", "siamese", {"attention": {"score": "dot"}}, ["model.text.attention.pooling.score"]),
        ("pretrain", "next-word", {"attention": {"score": "dot"}}, ["no model of this task has one"]),
    ],
)  # fmt: skip
def test_a_refusal_says_what_would_work(task, model, settings, words) -> None:
    with pytest.raises(UserError) as error:
        settings_of(task, model=model, settings={"model": settings})
    assert all(word in str(error.value) for word in words), str(error.value)
    assert "\n" not in str(error.value)


def sections_of(model: str, *layers: dict[str, Any], task: str = "classify") -> Any:
    kind = task_named(task)
    joined = [{"model": {"name": model, **layer}} for layer in layers]
    return heedful.task.config.make_settings(kind.config, *joined).model.settings.attention


def test_a_setting_for_all_is_for_the_attentions_that_there_are() -> None:
    all_of_it = sections_of("transformer", {"attention": {"score": "cosine"}})
    assert (all_of_it.pooling.score, all_of_it.self.score) == ("cosine", "cosine")
    assert sections_of("birnn", {"attention": {"score": "cosine"}}).self.score == "scaled-dot"
    mean = sections_of("transformer", {"pooling": "mean", "attention": {"score": "cosine"}})
    assert (mean.pooling.score, mean.self.score) == ("dot", "cosine")
    both = sections_of("transformer", {"attention": {"region": "window", "radius": 3}}, task="translate")
    assert (both.self.radius, both.source.region) == (3, "window")


def test_one_attention_is_set_alone_and_wins_over_all() -> None:
    alone = sections_of("transformer", {"attention": {"self": {"score": "cosine"}}}, task="translate")
    assert (alone.self.score, alone.source.score) == ("cosine", "scaled-dot")
    mixed = {"attention": {"score": "general", "source": {"score": "additive"}}}
    found = sections_of("transformer", mixed, task="translate")
    assert (found.self.score, found.source.score) == ("general", "additive")
    # A later layer, such as --set after --config, wins whichever form it has.
    later = sections_of("transformer", mixed, {"attention": {"score": "dot"}}, task="translate")
    assert (later.self.score, later.source.score) == ("dot", "dot")


def test_a_number_for_all_goes_where_it_is_used() -> None:
    settings = {"attention": {"radius": 3, "source": {"region": "window"}}}
    found = sections_of("transformer", settings, task="translate")
    assert (found.self.radius, found.source.radius) == (10, 3)


def test_settings_of_old_runs_are_those_of_the_pooling() -> None:
    old = AttentionConfig(score="general", radius=3).model_dump()
    found = sections_of("transformer", {"attention": old})
    assert (found.pooling.score, found.self.score) == ("general", "scaled-dot")
    changed = sections_of("transformer", {"attention": old}, {"attention": {"score": "cosine"}})
    assert (changed.pooling.score, changed.self.score) == ("cosine", "cosine")


@pytest.mark.parametrize(("task", "model"), CASES, ids=str)
def test_the_settings_of_a_run_are_accepted_again(task: str, model: str, tmp_path) -> None:
    config = settings_of(task, model=model)
    heedful.store.write_yaml(tmp_path / "config.yaml", config.model_dump(mode="json"))
    assert settings_of(task, config=tmp_path / "config.yaml") == config
