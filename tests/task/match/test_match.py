"""Matchers trained by the command line on made-up pairs: each goal, predicting, looking, resuming, and bad input."""

import io
import json
import random
import re

import pytest
import torch

import heedful
from heedful.cli.run import run
from heedful.errors import UserError

SMALL = {
    "model.embed": 16,
    "model.kernels": 8,
    "model.blocks": 1,
    "model.dropout": 0,
    "model.spread": 4,
    "train.steps": 60,
    "train.valid_every": 30,
    "train.tokens": 256,
    "train.rate": 1e-2,
    "train.warmup": 10,
    "train.schedule": "constant",
    "train.precision": "float32",
}
READER = {name: value for name, value in SMALL.items() if name.startswith("train")} | {
    "model.text.embed": 16,
    "model.text.hidden": 16,
    "model.hidden": 16,
}
WORDS = [a + b for a in "bdfgklmnprst" for b in "aeiou"]


def write_pairs(path, count: int, seed: int) -> None:
    """Questions with four answers each, of which the one that shares two words with it is right."""
    draw = random.Random(seed)
    rows = []
    for _ in range(count):
        words = draw.sample(WORDS, 5)
        for label in draw.sample([1, 0, 0, 0], 4):
            answer = draw.sample([word for word in WORDS if word not in words], 4)
            if label:
                answer[1:3] = words[2:4]
            rows.append((" ".join(words), " ".join(answer), str(label)))
    path.write_text("".join("\t".join(row) + "\n" for row in rows))


def training(folder, out, *more: str, settings=SMALL, model: str = "abcnn1", **changed: object) -> list[str]:
    chosen = dict(settings) | {name.replace("__", "."): value for name, value in changed.items()}
    words = ["train", "match", "--train", str(folder / "train.tsv"), "--valid", str(folder / "valid.tsv")]
    words += ["--model", model, "--out", str(out), *more]
    return words + [word for name, value in chosen.items() for word in ("--set", f"{name}={value}")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    pytest.importorskip("lightning")
    folder = tmp_path_factory.mktemp("match")
    for seed, (name, count) in enumerate([("train", 60), ("valid", 12), ("test", 12)]):
        write_pairs(folder / f"{name}.tsv", count, seed)
    return folder


@pytest.fixture(scope="module")
def trained(folder):
    assert run(training(folder, folder / "run", "--test", str(folder / "test.tsv"))) == 0
    return folder / "run"


def test_a_ranking_is_learnt_and_scored(folder, trained, capsys):
    capsys.readouterr()
    assert run(["eval", str(trained), str(folder / "test.tsv"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["map"] >= 0.9
    assert found["mrr"] >= 0.9
    assert found["groups"] == 12
    assert {"accuracy", "f1", "macro_f1", "loss", "pairs_per_second"} <= set(found)
    assert f"map | {found['map']:.4g} |" in (trained / "README.md").read_text()


def test_predictions_are_one_a_line_from_any_format(trained, tmp_path, capsys):
    (tmp_path / "a.tsv").write_text("ba be bi bo bu\tda bi bo du\nba be bi bo bu\tda de di du\n")
    lines = ['{"left": "ba be bi bo bu", "right": "da bi bo du"}', '{"left": "ba be bi bo bu", "right": "da de di du"}']
    (tmp_path / "a.jsonl").write_text("\n".join(lines) + "\n")
    capsys.readouterr()
    for name in ("a.tsv", "a.jsonl"):
        assert run(["predict", str(trained), str(tmp_path / name)]) == 0
    first, second, *again = capsys.readouterr().out.split()
    assert [first, second] == again
    assert float(first) > float(second)
    assert run(["predict", str(trained), str(tmp_path / "a.tsv"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[0]) == {"relevance": float(first)}


def test_show_draws_a(trained, capsys):
    assert run(["show", str(trained), "ba be bi", "da bi bo du"]) == 0
    out = capsys.readouterr().out
    assert "ABCNN-1: attention from the left to the right text, layer 0; " in out
    assert all(word in out for word in ("ba", "be", "bi", "da", "du"))
    assert run(["show", str(trained), "one text"]) == 1
    assert "expected two texts, got 1" in capsys.readouterr().err


def test_maps_are_over_words_and_equal_words_are_near(trained, tmp_path):
    matcher = heedful.load(trained)
    seen = matcher.predict([("ba be bi", "da bi bo du")])[0].maps[0]
    assert (list(seen.rows), list(seen.columns)) == (["ba", "be", "bi"], ["da", "bi", "bo", "du"])
    assert seen.weights[2, 1] == pytest.approx(1.0, abs=1e-2)
    assert seen.weights.argmax(1)[2] == 1
    assert set(seen.layers) == {"blocks.0.input.left"}


def test_a_pair_alone_is_a_pair_among_others(folder, trained):
    matcher = heedful.load(trained)
    pairs = [tuple(line.split("\t")[:2]) for line in (folder / "test.tsv").read_text().splitlines()[:9]]
    together = [found.score for found in matcher.predict(pairs)]
    alone = [matcher.predict([pair], attention=False)[0].score for pair in pairs]
    assert together == pytest.approx(alone, abs=1e-5)


def test_long_and_empty_texts_are_answered(trained):
    matcher = heedful.load(trained)
    found = matcher.predict([("ba " * 100_000, "be"), ("", "")])
    assert [one.is_cut for one in found] == [True, False]
    assert all(0 <= one.score <= 1 for one in found)


def test_what_was_saved_answers_alike(trained, tmp_path):
    matcher = heedful.load(trained)
    matcher.save(tmp_path / "copy")
    pair = ("ba be bi bo bu", "da bi bo du")
    assert heedful.load(tmp_path / "copy").predict([pair])[0].score == matcher.predict([pair])[0].score
    (tmp_path / "copy" / "overlap.json").unlink()
    with pytest.raises(UserError, match=r"overlap\.json"):
        heedful.load(tmp_path / "copy")


def test_an_interrupted_run_goes_on_to_the_same_weights(folder, trained, tmp_path):
    assert run(training(folder, tmp_path / "half", train__steps=30)) == 0
    assert run(training(folder, tmp_path / "half", "--resume")) == 0
    whole, half = (heedful.load(path).model.state_dict() for path in (trained, tmp_path / "half"))
    assert all(torch.equal(whole[name], half[name]) for name in whole)


@pytest.mark.parametrize(
    ("model", "settings", "maps"),
    [
        ("abcnn2", SMALL, ["blocks.0.pooling.left"]),
        ("abcnn3", SMALL, ["blocks.0.input.left", "blocks.0.pooling.left"]),
        ("bcnn", SMALL, []),
        ("siamese", READER, ["left text", "right text"]),
        ("cross-attention", READER, ["left"]),
        ("decomposable", READER, ["left"]),
    ],
)
def test_every_model_trains_and_shows_where_it_looks(folder, tmp_path, model, settings, maps):
    changed = {"train__steps": 4, "train__valid_every": 4}
    assert run(training(folder, tmp_path / "run", settings=settings, model=model, **changed)) == 0
    found = heedful.load(tmp_path / "run").predict([("ba be bi", "da bi bo du")])[0].maps
    names = [name for one in found for name in (one.layers or [one.title])]
    assert names == maps
    for one in found:
        assert tuple(one.weights.shape) == (len(one.rows), len(one.columns))


def test_classes_and_similarities(tmp_path, capsys):
    pytest.importorskip("lightning")
    lines = (tmp_path / "train.tsv", tmp_path / "valid.tsv")
    for goal, labels in (("classes", ("same", "other")), ("similarity", ("4.5", "1.0"))):
        for path in lines:
            path.write_text(
                "".join(f"{a} {b}\t{a} {c}\t{labels[b != c]}\n" for a in WORDS[:5] for b in "xy" for c in "xy")
            )
        assert run(training(tmp_path, tmp_path / goal, train__steps=60, train__valid_every=60)) == 0
        capsys.readouterr()
        assert run(["eval", str(tmp_path / goal), str(lines[1]), "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert found["accuracy" if goal == "classes" else "pearson"] >= 0.9
        assert run(["show", str(tmp_path / goal), "ba x", "ba x"]) == 0
        first = capsys.readouterr().out.splitlines()[0]
        assert first.startswith("same ") if goal == "classes" else float(first) > 3


def without_valid(words: list[str]) -> list[str]:
    place = words.index("--valid")
    return words[:place] + words[place + 2 :]


def test_pairs_are_held_out_by_groups_and_counted(folder, tmp_path, capsys):
    assert run(without_valid(training(folder, tmp_path / "run", train__steps=2, train__valid_every=2))) == 0
    assert "validation: 24 of 240 training pairs, held out" in capsys.readouterr().err
    assert all(0 <= number <= 1 for number in validated(tmp_path / "run", "valid_map"))


def validated(out, name: str) -> list[float]:
    """What validation found, each time."""
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    return [line[name] for line in lines if name in line]


def test_texts_that_are_cut_are_counted(folder, tmp_path, capsys):
    (tmp_path / "train.tsv").write_text("ba be bi bo\tba\t1\nba\tbe\t0\nbe\tba be bi bo bu\t0\n" * 2)
    (tmp_path / "valid.tsv").write_text("ba\tba\t1\nba be bi bo\tbe\t0\nba\t\t0\n")
    short = {"train__steps": 1, "train__valid_every": 1, "goal": "classes"}
    assert run(training(tmp_path, tmp_path / "run", data__max_length=3, **short)) == 0
    said = capsys.readouterr().err.splitlines()
    cut = "pairs have a text that is cut after 3 tokens (data.max_length); the first is"
    assert f"training: 4 of 6 {cut} {tmp_path / 'train.tsv'}:1" in said
    assert f"validation: 1 of 3 {cut} {tmp_path / 'valid.tsv'}:2" in said
    empty = "pairs have an empty side, read as one unknown word; the first is"
    assert f"validation: 1 of 3 {empty} {tmp_path / 'valid.tsv'}:3" in said
    assert run(training(tmp_path, tmp_path / "short", model__max_length=4, **short)) == 0
    assert "cut after 4 tokens (model.max_length)" in capsys.readouterr().err


def test_a_validation_that_ranks_nothing_is_told(folder, tmp_path, capsys):
    (tmp_path / "train.tsv").write_text((folder / "train.tsv").read_text())
    (tmp_path / "valid.tsv").write_text("ba be\tba\t0\nba be\tbe\t0\n")
    assert run(training(tmp_path, tmp_path / "run", train__steps=2, train__valid_every=2)) == 0
    assert "validation: no pair is relevant, so that map and mrr are not defined" in capsys.readouterr().err


def test_rare_and_strange_classes_are_told_and_do_not_stop_training(tmp_path, capsys):
    pytest.importorskip("lightning")
    common = "".join(f"{a} x\t{a} {b}\t{'same' if b == 'x' else 'other'}\n" for a in WORDS[:9] for b in "xy")
    (tmp_path / "train.tsv").write_text(common + "ba\tbe\tonce\n")
    (tmp_path / "valid.tsv").write_text("ba x\tba x\tsame\nbe\tbi\tnew\n")
    short = {"train__steps": 2, "train__valid_every": 2}
    assert run(training(tmp_path, tmp_path / "run", **short)) == 0
    said = capsys.readouterr().err
    assert "training: one pair only of 'once'" in said
    assert "validation: 1 of 2 pairs have a label that training has not seen ('new'; the first is" in said
    assert f"{tmp_path / 'valid.tsv'}:2): they count as errors" in said
    assert max(validated(tmp_path / "run", "valid_accuracy")) <= 0.5
    assert run(without_valid(training(tmp_path, tmp_path / "alone", **short))) == 0
    assert heedful.load(tmp_path / "alone").config.labels == ("once", "other", "same"), "the one example is learnt"


def test_a_pair_with_an_empty_side_is_scored_as_any_other(trained, tmp_path, capsys):
    (tmp_path / "a.tsv").write_text("ba be\tba be\t1\nba be\t\t0\n\tba\t0\n")
    capsys.readouterr()
    assert run(["eval", str(trained), str(tmp_path / "a.tsv"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["pairs"], found["groups"]) == (3, 1)
    assert 0 < found["loss"] < 100
    assert found["map"] in (0.5, 0.75, 1.0)


@pytest.mark.parametrize(("model", "settings"), [("bcnn", SMALL), ("cross-attention", READER)])
def test_training_begins_from_given_vectors(folder, tmp_path, model, settings, capsys):
    path = tmp_path / "vectors.txt"
    path.write_text("".join(f"{word} {' '.join([str(number)] * 3)}\n" for number, word in enumerate(WORDS)))
    kept = {name: value for name, value in settings.items() if not name.endswith("embed")}
    still = {"train__steps": 1, "train__valid_every": 1, "train__rate": 1e-12, "train__weight_decay": 0}
    words = training(folder, tmp_path / "run", "--vectors", str(path), settings=kept, model=model, **still)
    assert run(words) == 0
    assert re.search(rf"vectors: \d+ of \d+ pieces of the vocabulary are in {path}", capsys.readouterr().err)
    matcher = heedful.load(tmp_path / "run")
    (embedding,) = (module for module in matcher.model.modules() if isinstance(module, torch.nn.Embedding))
    found = embedding.weight[matcher.tokeniser.encode(f"{WORDS[7]} {WORDS[2]}")]
    assert torch.allclose(found, torch.tensor([[7.0] * 3, [2.0] * 3]), atol=1e-6)


def test_standard_input_is_answered(trained, capsys, monkeypatch):
    lines = io.TextIOWrapper(io.BytesIO(b"ba be bi\tda bi bo\nba be\tdu\n"))
    monkeypatch.setattr("sys.stdin", lines)
    capsys.readouterr()
    assert run(["predict", str(trained)]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_bad_input(folder, tmp_path, capsys):
    def refused(content: str, *more: str) -> str:
        (tmp_path / "bad.tsv").write_text(content)
        words = training(folder, tmp_path / "out", *more)
        words[words.index("--train") + 1] = str(tmp_path / "bad.tsv")
        assert run(words) == 1
        return capsys.readouterr().err

    assert "bad.tsv:2" in refused("a\tb\t1\nc\td\t\n")
    assert "have the label '1'" in refused("a\tb\t1\nc\td\t1\n")
    assert "2 columns" in refused("a\tb\nc\td\n")
    assert "none of 2 training pairs" in refused("a\t\t1\n\tb\t0\n")
    assert "no model is called 'abcn'" in refused("a\tb\t1\nc\td\t0\n", "--model", "abcn")


def test_empty_sides_and_unanswered_groups_are_left_out_with_a_word(folder, tmp_path, capsys):
    text = (folder / "train.tsv").read_text()
    (tmp_path / "train.tsv").write_text(text + "who\t\t1\nwho knows\tba\t0\nwho knows\tbe\t0\n")
    (tmp_path / "valid.tsv").write_text((folder / "valid.tsv").read_text() + "\tba\t0\n")
    assert run(training(tmp_path, tmp_path / "run", train__steps=2, train__valid_every=2)) == 0
    said = capsys.readouterr().err
    assert re.search(r"left out of training: 1 of \d+ pairs have an empty side; the first is .*train\.tsv:\d+", said)
    assert "2 pairs of groups without a relevant one" in said


def test_check_reports_what_is_odd(tmp_path, capsys):
    rows = ["who\tme\t1", "who\tme\t0", "who\tyou\t0", "who\tyou\t0", "what\t\t0", "same\tsame\t0"]
    (tmp_path / "a.tsv").write_text("\n".join(rows) + "\n")
    assert run(["check", "match", str(tmp_path / "a.tsv")]) == 0
    out = capsys.readouterr().out
    for fact in ("groups without a label 1", "empty side", "same text twice", "seen before with another label"):
        assert fact in out
    assert re.search(r"empty side +1 ", out)
    assert re.search(r"seen before +1 ", out)
