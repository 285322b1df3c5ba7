"""Without --valid some of training is held out, and that is said; pretraining knows the options that training knows."""

import json

import pytest

pytest.importorskip("lightning")

from heedful.cli.run import run
from tests.cli import small

TOLD = {
    "parse": "validation: 4 of 40 training trees, held out",
    "chat": "validation: 4 of 40 training dialogues with a reply, held out",
    "language-model": "characters of the training text, held out",
    "next-word": "validation: 8 of 160 training texts, held out",
    "weighted-transformer": "validation: 4 of 40 training pairs, held out",
}


def numbers_in(out):
    return [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("way", TOLD)
def test_some_of_training_is_held_out_and_said(way, tmp_path, capsys):
    path = small.write(small.WAYS[way][0], tmp_path)
    short = {"train__steps": 2, "train__valid_every": 2}
    assert run(small.words(way, path, tmp_path / "run", **short)) == 0
    assert TOLD[way] in capsys.readouterr().err
    assert any("valid_loss" in line for line in numbers_in(tmp_path / "run"))
    assert run(small.words(way, path, tmp_path / "given", "--valid", str(path), **short)) == 0
    assert "held out" not in capsys.readouterr().err


@pytest.mark.parametrize("way", ["parse", "chat", "weighted-transformer"])
def test_what_cannot_spare_any_is_told(way, tmp_path, capsys):
    path = small.write(small.WAYS[way][0], tmp_path, count=1)
    assert run(small.words(way, path, tmp_path / "run")) == 1
    told = capsys.readouterr().err
    assert "too few to hold some out for validation" in told
    assert "--valid" in told


def test_dialogues_with_nothing_to_learn_are_not_held_out(tmp_path, capsys):
    path = small.write("chat", tmp_path, count=3)
    path.write_text(path.read_text() + '{"turns": ["alone"]}\n' * 40)
    given = small.words("chat", path, tmp_path / "run", train__steps=2, train__valid_every=2)
    assert run(given) == 0
    told = capsys.readouterr().err
    assert "validation: 1 of 3 training dialogues with a reply, held out" in told
    assert "training: left out: 40 dialogues of a single turn" in told


def test_links_of_validation_pairs_need_these_pairs(tmp_path, capsys):
    path = small.write("translate", tmp_path)
    given = ("--valid-alignments", str(path))
    assert run(small.words("weighted-transformer", path, tmp_path / "run", *given)) == 1
    assert "--valid-alignments without --valid" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_translations_of_one_sentence_are_held_out_together_and_empty_pairs_never():
    from heedful.data.pairs import Pair
    from heedful.task.config import make_settings
    from heedful.task.translate.config import TranslateConfig
    from heedful.task.translate.task import Translate

    pairs = [Pair(f"s{row // 3}", f"t{row}", f"f:{row}") for row in range(60)]
    nothing = [Pair("", "t", "f:60"), Pair("s", "", "f:61")]
    texts = Translate().hold_out(make_settings(TranslateConfig), [*pairs, *nothing])
    learnt, judged = ({pair.source for pair in part} for part in (texts.train, texts.valid))
    assert texts.note == "validation: 6 of 60 training pairs, held out"
    assert learnt.isdisjoint(judged)
    assert texts.train[-2:] == nothing


def test_pretrain_knows_test_and_devices(tmp_path, capsys, monkeypatch):
    path = small.write("pretrain", tmp_path)
    _, task, *given = small.words("next-word", path, tmp_path / "run", train__steps=2, train__valid_every=2)
    assert task == "pretrain"
    assert run(["pretrain", *given, "--test", str(path)]) == 0
    assert "test perplexity" in capsys.readouterr().out
    asked = {}
    monkeypatch.setattr("heedful.cli.train.train", lambda *args, **options: asked.update(options))
    assert run(["pretrain", *given, "--devices", "3"]) == 0
    assert asked["devices"] == 3


def test_the_help_says_what_happens_without_validation_files(capsys):
    for command, told in (
        ("train", "default: a share of the training examples"),
        ("pretrain", "default: a share of the training texts"),
    ):
        assert run([command, "--help"]) == 0
        assert told in " ".join(capsys.readouterr().out.replace("│", " ").split())
