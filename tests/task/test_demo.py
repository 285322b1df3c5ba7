"""The demo at toy size: writes its corpus, trains both models, gives scores, and goes on where it was."""

import sys
from dataclasses import replace

import pytest

from heedful import UserError
from heedful.task.config import make_settings
from heedful.task.demo import DEMO, best_of, example, run_demo
from heedful.task.settings import join_settings
from heedful.task.translate.config import TranslateConfig

pytest.importorskip("lightning")
pytest.importorskip("sacrebleu")

TOY = replace(
    DEMO,
    train=300,
    valid=8,
    test=8,
    common=join_settings(DEMO.common, {"train": {"valid_every": 4, "precision": "float32"}, "decode": {"beam": 2}}),
    models={
        "rnnsearch": {"model": {"name": "rnnsearch", "embed": 8, "hidden": 8}, "train": {"steps": 4}},
        "transformer": {
            "model": {"name": "transformer", "width": 8, "heads": 2, "feedforward": 8, "decoder_layers": 1},
            "train": {"steps": 4},
        },
    },
)


def test_the_settings_of_the_real_demo_are_settings():
    assert [make_settings(TranslateConfig, DEMO.common, own).model.name for own in DEMO.models.values()] == list(
        DEMO.models
    )


def test_a_toy_demo_runs_and_runs_again(tmp_path):
    said = []
    from heedful.task.base import Shown

    trained = run_demo(tmp_path, settings=TOY, shown=Shown(say=said.append))
    assert [one.predictor.config.model.name for one in trained] == ["rnnsearch", "transformer"]
    assert all({"test bleu", "test aer", "test look", "minutes"} <= set(one.results) for one in trained)
    assert len((tmp_path / "corpus" / "test.tsv").read_text(encoding="utf-8").splitlines()) == 8
    assert len((tmp_path / "corpus" / "test.align").read_text().splitlines()) == 8
    pair, found = example(best_of(trained))
    assert pair.where.startswith(str(tmp_path))
    assert len(found.source_tokens) == len(pair.source.split()) + 1
    again = run_demo(tmp_path, settings=TOY)
    assert [one.results["test bleu"] for one in again] == [one.results["test bleu"] for one in trained]
    with pytest.raises(UserError, match="another seed"):
        run_demo(tmp_path, seed=2, settings=TOY)


@pytest.mark.parametrize("missing", ["lightning", "sacrebleu"])
def test_without_the_extra_it_leaves_nothing_behind(tmp_path, monkeypatch, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(UserError, match=missing):
        run_demo(tmp_path / "demo", settings=TOY)
    assert list(tmp_path.iterdir()) == []
