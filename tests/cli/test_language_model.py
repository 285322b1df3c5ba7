"""``heedful train language-model`` and what follows it, as a person types it, on text that repeats itself."""

import json

import pytest

from heedful.cli.run import run

SETTINGS = {
    "model.width": 16,
    "model.heads": 2,
    "model.layers": 2,
    "model.feedforward": 32,
    "data.window": 16,
    "train.tokens": 256,
    "train.steps": 60,
    "train.valid_every": 30,
    "train.rate": 1e-2,
    "train.warmup": 10,
    "train.precision": "float32",
    "decode.precision": "float32",
}


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    """A folder with train.txt and valid.txt."""
    folder = tmp_path_factory.mktemp("text")
    for name, count in (("train", 150), ("valid", 10)):
        (folder / f"{name}.txt").write_text("abcdefgh\nhgfedcba\n" * count)
    return folder


def words(folder, out, *more, **changed):
    settings = SETTINGS | {name.replace("__", "."): value for name, value in changed.items()}
    given = ["train", "language-model", "--train", str(folder / "train.txt"), "--valid", str(folder / "valid.txt")]
    given += ["--out", str(out), *more]
    return given + [word for name, value in settings.items() for word in ("--set", f"{name}={value}")]


@pytest.fixture(scope="module")
def trained(text):
    pytest.importorskip("lightning")
    assert run(words(text, text / "run", "--test", str(text / "valid.txt"))) == 0
    return text / "run"


def test_training_reaches_what_the_text_allows(trained, text, capsys):
    assert run(["eval", str(trained), str(text / "valid.txt"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["perplexity"] < 1.5  # one of 9 characters without having learnt
    assert found["nats_per_character"] == found["nats_per_token"]
    assert "test perplexity" in (trained / "README.md").read_text()


def test_predict_goes_on_with_each_line(trained, tmp_path, capsys):
    (tmp_path / "begun.txt").write_text("abcd\nhgf\n")
    settings = ["--set", "decode.top_k=1", "--set", "decode.length=4"]
    assert run(["predict", str(trained), str(tmp_path / "begun.txt"), *settings]) == 0
    assert capsys.readouterr().out == "abcdefgh\nhgfedcb\n"
    assert run(["predict", str(trained), str(tmp_path / "begun.txt"), "--json", *settings]) == 0
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert records == [{"text": "abcd", "continuation": "efgh"}, {"text": "hgf", "continuation": "edcb"}]


def test_show_draws_where_the_last_characters_look(trained, capsys):
    assert run(["show", str(trained), "abcdefg", "--set", "decode.length=1", "--set", "decode.top_k=1"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("abcdefgh")
    assert "self-attention, layer 1, mean of its heads, the last tokens" in out
    assert run(["show", str(trained), "abc", "--all"]) == 0
    assert capsys.readouterr().out.count("Transformer: self-attention, layer ") == 4


def test_check_reads_the_file(text, capsys):
    assert run(["check", "language-model", str(text / "valid.txt")]) == 0
    out = capsys.readouterr().out
    assert "lines" in out
    assert "different tokens" in out


def test_a_stopped_run_goes_on_to_the_same_weights(trained, text, tmp_path):
    from safetensors.torch import load_file

    assert run(words(text, tmp_path / "half", train__steps=30, train__schedule="constant")) == 0
    assert run(words(text, tmp_path / "whole", train__schedule="constant")) == 0
    assert run(words(text, tmp_path / "half", "--resume", train__schedule="constant")) == 0
    whole, half = (load_file(tmp_path / name / "training.safetensors") for name in ("whole", "half"))
    same = [name for name in whole if name.startswith("model/")]
    assert same
    assert all(whole[name].equal(half[name]) for name in same)


@pytest.mark.parametrize("model", ["attention-rnn", "lstm"])
def test_lines_as_documents_with_every_model(text, tmp_path, capsys, model):
    pytest.importorskip("lightning")
    given = words(text, tmp_path / "run", "--model", model, data__documents="line", train__steps=5)
    kept = [word for word in given if not word.startswith("model.")]
    given = [word for place, word in enumerate(kept) if word != "--set" or "=" in "".join(kept[place + 1 : place + 2])]
    assert run([*given, "--set", "model.hidden=8", "--set", "model.embed=8"]) == 0
    assert run(["eval", str(tmp_path / "run"), str(text / "valid.txt"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["tokens"] == 20 * 9


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (["--valid", "missing.txt"], "there is no such file"),
        (["--set", "data.windw=3"], "did you mean 'window'"),
        (["--vectors", "x.txt"], "--vectors is not for the task 'language-model'"),
    ],
)
def test_mistakes_are_told_in_one_line(text, tmp_path, capsys, change, message):
    assert (
        run(["train", "language-model", "--train", str(text / "train.txt"), "--out", str(tmp_path / "x"), *change]) == 1
    )
    assert message in capsys.readouterr().err


def test_there_is_one_line_for_each_line(trained, tmp_path, capsys):
    (tmp_path / "begun.txt").write_text("abcd\n\nhgf\n")
    settings = ["--set", "decode.top_k=1", "--set", "decode.length=12"]
    assert run(["predict", str(trained), str(tmp_path / "begun.txt"), *settings]) == 0
    lines = capsys.readouterr().out.split("\n")
    assert len(lines) == 4
    assert lines[0] == r"abcdefgh\nhgfedcb"
    assert run(["show", str(trained), "abcd", *settings]) == 0
    assert capsys.readouterr().out.startswith("abcdefgh\nhgfedcb")
