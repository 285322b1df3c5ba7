"""Classification from end to end through the command line: train, predict, look, score, check, and break."""

import io
import json
import random
import sys

import numpy as np
import pytest

import heedful
from heedful.cli.run import run

pytest.importorskip("lightning")
pytest.importorskip("torchmetrics")

SETTINGS = {
    "model.embed": 16,
    "model.hidden": 16,
    "train.steps": 90,
    "train.valid_every": 30,
    "train.rate": 1e-2,
    "train.tokens": 400,
    "train.warmup": 5,
    "train.precision": "float32",
}


def write_texts(path, count, seed):
    """Texts of ten words, of which one tells the label; documents of two lines, as a table may hold."""
    draw = random.Random(seed)
    rows = []
    for _ in range(count):
        label = draw.choice(["neg", "pos"])
        words = draw.choices("abcdefgh", k=9)
        words.insert(draw.randrange(10), {"neg": "bad", "pos": "good"}[label])
        rows.append({"text": " ".join(words[:5]) + " .\n" + " ".join(words[5:]) + " .", "label": label})
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return rows


def training(folder, out, *more, **changed):
    """The words of a command that trains on the texts of a folder."""
    settings = SETTINGS | {name.replace("__", "."): value for name, value in changed.items()}
    words = ["train", "classify", "--train", folder / "train.jsonl", "--out", out, *more]
    words += [word for name, value in settings.items() for word in ("--set", f"{name}={value}")]
    return [str(word) for word in words]


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("texts")
    for seed, (name, count) in enumerate([("train", 200), ("valid", 40), ("test", 40)]):
        write_texts(folder / f"{name}.jsonl", count, seed)
    return folder


@pytest.fixture(scope="module")
def trained(texts):
    """A run folder of the usual model, and of a hierarchy."""
    files = ["--valid", texts / "valid.jsonl", "--test", texts / "test.jsonl"]
    assert run(training(texts, texts / "birnn", *files)) == 0
    assert run(training(texts, texts / "han", *files, "--model", "han")) == 0
    return texts


@pytest.fixture
def call(capsys):
    """Runs a command that must succeed; gives standard output and standard error."""

    def call(*words):
        capsys.readouterr()
        status = run([str(word) for word in words])
        captured = capsys.readouterr()
        assert status == 0, captured.err
        return captured.out, captured.err

    return call


def test_training_leaves_a_folder_that_tells_what_it_reached(trained):
    lines = [json.loads(line) for line in (trained / "birnn" / "metrics.jsonl").read_text().splitlines()]
    assert lines[-1]["valid_accuracy"] > 0.9, "it has learnt"
    readme = (trained / "birnn" / "README.md").read_text()
    assert "test accuracy" in readme
    assert "confusion" not in readme
    config = heedful.load(trained / "birnn").config
    assert config.labels == ("neg", "pos")
    assert config.answer.temperature != 1, "calibrated"


def test_predict_is_a_filter_of_lines(trained, call, monkeypatch):
    lines = ["a b good c", "bad d e", "", "zebra"]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("\n".join(lines).encode() + b"\n")))
    exactly = "answer.precision=float32"
    out, told = call("predict", trained / "birnn", "-", "--at-once", 3, "--set", exactly)
    labels = [line.split("\t")[0] for line in out.splitlines()]
    assert labels[:2] == ["pos", "neg"]
    assert len(labels) == 4
    assert told == ""
    found = heedful.load(trained / "birnn", settings={"answer": {"precision": "float32"}}).predict(lines)
    assert [f"{one.label}\t{one.probability:.4f}" for one in found] == out.splitlines()


def test_predict_reads_the_texts_of_a_table_whole(trained, call, texts):
    out, _ = call("predict", trained / "han", texts / "test.jsonl", "--json")
    found = [json.loads(line) for line in out.splitlines()]
    rows = [json.loads(line) for line in (texts / "test.jsonl").read_text().splitlines()]
    assert len(found) == len(rows)
    assert sum(one["label"] == row["label"] for one, row in zip(found, rows, strict=True)) > 36
    assert set(found[0]) == {"label", "probability", "probabilities"}
    assert found[0]["probabilities"][found[0]["label"]] == found[0]["probability"]


def test_predict_reads_no_column_of_another_name(trained, tmp_path, capsys):
    (tmp_path / "a.tsv").write_text("sentence\tlabel\nx\t1\n")
    assert run(["predict", str(trained / "birnn"), str(tmp_path / "a.tsv")]) == 1
    assert "name the column of the texts: --set data.text_column=NAME" in capsys.readouterr().err
    words = ["predict", str(trained / "birnn"), str(tmp_path / "a.tsv"), "--set", "data.text_column=sentence"]
    assert run(words) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_maps_go_to_a_file_and_labels_to_standard_output(trained, call, tmp_path):
    (tmp_path / "in.txt").write_text("a good c . d e .\nbad\n")
    out, _ = call("predict", trained / "birnn", tmp_path / "in.txt", "--attention", tmp_path / "m.npz", "--json")
    assert len(out.splitlines()) == 2
    with np.load(tmp_path / "m.npz") as maps:
        assert list(maps["0/columns"]) == ["a", "good", "c", ".", "d", "e", "."]
        assert list(maps["0/rows"]) == ["pos"]
        assert maps["0/weights"].sum() == pytest.approx(1, abs=1e-5)
    call("predict", trained / "han", tmp_path / "in.txt", "--attention", tmp_path / "m.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "m.jsonl").read_text().splitlines()]
    assert [len(line["columns"]) for line in lines] == [4, 3, 1], "a map a sentence"
    assert "pos" in lines[0]["title"]
    assert lines[1]["title"] == ""
    page = tmp_path / "m.html"
    call("predict", trained / "han", tmp_path / "in.txt", "--attention", page)
    assert "good" in page.read_text()
    out, drawn = call("predict", trained / "han", tmp_path / "in.txt", "--attention", "terminal")
    assert len(out.splitlines()) == 2
    assert drawn.count("good") == 2, "in the heading and in the text"


def test_show_draws_the_words_it_went_by(trained, call):
    out, _ = call("show", trained / "birnn", "a b good c d")
    lines = out.splitlines()
    assert lines[0].startswith("pos")
    assert "BiRNN: pos" in out
    assert [line for line in lines if "a b good c d" in line]


def test_show_draws_a_hierarchy_as_one_passage(trained, call):
    out, _ = call("show", trained / "han", "a b good .\nd e f .\ng")
    lines = out.splitlines()
    assert "HAN: pos" in out
    assert out.count("the heaviest of each") == 1
    weights = [float(line.split()[0]) for line in lines if line[:2] in ("0.", "1.") and "heaviest" not in line]
    assert len(weights) == 3
    assert sum(weights) == pytest.approx(1, abs=0.02)


def test_all_of_a_hierarchy_draws_its_sentences_and_then_their_words(trained, call, tmp_path):
    out, _ = call("show", trained / "han", "a b good .\nd e f .", "--all")
    lines = out.splitlines()
    above = lines.index("HAN: attention over sentences")
    assert "a b good ." in "".join(lines[above + 1 : above + 4]), "a sentence as it was typed"
    below = lines.index("HAN: attention over words")
    assert above < below
    assert sum("good" in line for line in lines[below:]) == 1
    (tmp_path / "in.txt").write_text("a b good . d e\nf g\n")
    call("predict", trained / "han", tmp_path / "in.txt", "--attention", tmp_path / "m.jsonl", "--all")
    maps = [json.loads(line) for line in (tmp_path / "m.jsonl").read_text().splitlines()]
    titled = [map_["title"] for map_ in maps if map_["title"]]
    assert titled == ["HAN: attention over sentences", "HAN: attention over words"] * 2
    assert maps[0]["columns"] == ["a b good .", "d e"]


def test_show_wants_one_text(trained, capsys, call):
    assert run(["show", str(trained / "birnn"), "a", "b"]) == 1
    assert "put quotes around it" in capsys.readouterr().err
    assert "<unk>" in call("show", trained / "birnn", "")[0]


def test_a_text_too_long_is_labelled_with_a_note(trained, tmp_path, call):
    (tmp_path / "long.txt").write_text("a " * 100_000 + "\nb\n")
    out, told = call("predict", trained / "birnn", tmp_path / "long.txt")
    assert len(out.splitlines()) == 2
    assert told == "note: question 1 is too long; only its first 500 tokens were read\n"
    assert "only its first 500 tokens" in call("show", trained / "birnn", "a " * 501)[1]


def test_eval_prints_tables_or_one_json_object(trained, texts, call):
    out, _ = call("eval", trained / "birnn", texts / "test.jsonl", "--json")
    found = json.loads(out)
    assert found["accuracy"] > 0.9
    assert {"run", "texts", "macro_f1", "loss", "calibration_error", "texts_per_second"} <= set(found)
    assert sum(sum(row.values()) for row in found["confusion"].values()) == 40
    shown, _ = call("eval", trained / "birnn", texts / "test.jsonl")
    assert "confusion (rows: gold labels, columns: predicted labels)" in shown
    assert "precision" in shown
    soft, _ = call("eval", trained / "birnn", texts / "test.jsonl", "--json", "--set", "answer.temperature=50")
    assert json.loads(soft)["loss"] > found["loss"]


def test_labels_are_listed_and_scored_as_asked(trained, texts, call, tmp_path, capsys):
    (tmp_path / "in.txt").write_text("a good c\nbad\n")
    out, _ = call("predict", trained / "birnn", tmp_path / "in.txt", "--top", 2)
    assert [line.split("\t")[::2] for line in out.splitlines()] == [["pos", "neg"], ["neg", "pos"]]
    out, _ = call("predict", trained / "birnn", tmp_path / "in.txt", "--top", 1, "--json")
    assert [list(json.loads(line)["probabilities"]) for line in out.splitlines()] == [["pos"], ["neg"]]
    assert run(["predict", str(trained / "birnn"), str(tmp_path / "in.txt"), "--top", "0"]) == 1
    assert "1 or more, or 'all'" in capsys.readouterr().err
    call("eval", trained / "birnn", texts / "test.jsonl", "--per-label", tmp_path / "each.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "each.jsonl").read_text().splitlines()]
    assert [line["label"] for line in lines] == ["neg", "pos"]
    assert sum(line["texts"] for line in lines) == 40


def test_a_list_of_rows_is_printed_as_a_table():
    from heedful.cli.output import result_lines

    rows = [{"gold": "a", "predicted": "b", "texts": 12}, {"gold": "b", "predicted": "a", "texts": 3}]
    _, below = result_lines({"accuracy": 0.5, "confusions": rows}).split("\n\n")
    assert below.splitlines()[1:] == [
        "     gold  predicted  texts",
        "  1     a          b     12",
        "  2     b          a      3",
    ]


def test_labels_that_training_has_not_shown_are_told(trained, tmp_path, call, capsys):
    (tmp_path / "odd.tsv").write_text("a good b\tpos\nbad c\tangry\n")
    out, _ = call("eval", trained / "birnn", tmp_path / "odd.tsv")
    assert "note" in out
    assert "odd.tsv:2" in out
    (tmp_path / "other.tsv").write_text("a good b\tPOS\nbad c\tNEG\n")
    assert run(["eval", str(trained / "birnn"), str(tmp_path / "other.tsv")]) == 1
    assert "'neg', 'pos'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["eval", "birnn", "test.jsonl", "--beam", "3"], "--beam is not for the task 'classify'"),
        (["eval", "birnn", "test.jsonl", "--set", "data.max_length=3"], "training has fixed that"),
        (["eval", "birnn", "test.jsonl", "--set", "answer.temperature=0"], "greater than 0"),
        (["predict", "birnn", "test.jsonl", "--nbest", "3"], "--nbest is not for the task 'classify'"),
        (["train", "classify", "--train", "test.jsonl", "--valid-alignments", "x"], "not for the task 'classify'"),
        (["train", "classify"], "--train is missing"),
        (["train", "classify", "--train", "test.jsonl", "--model", "birn"], "did you mean 'birnn'"),
        (["train", "language-model", "--train", "test.jsonl", "--folds", "3"], "cannot be dealt into folds"),
    ],
)
def test_what_is_not_for_this_task_is_refused(trained, capsys, monkeypatch, words, told):
    monkeypatch.chdir(trained)
    assert run(words) == 1
    assert told in capsys.readouterr().err


def test_check_reports_labels_and_what_is_wrong(trained, texts, call, tmp_path, monkeypatch):
    rows = ["a good b\tpos", "bad\tneg", "a good b\tpos", "a good b\tneg", "\tneg", "zebra " * 501 + "\trare"]
    (tmp_path / "odd.tsv").write_text("".join(f"{row}\n" for row in rows))
    monkeypatch.chdir(tmp_path)
    out, _ = call("check", "classify", "odd.tsv", "--run", trained / "birnn")
    facts = {line[:30].rstrip(): line[30:].split(maxsplit=1) for line in out.splitlines() if line[:1].isalpha()}
    assert facts["texts"] == ["6"]
    assert facts["labels"] == ["3", "neg 3, pos 2, rare 1"]
    assert facts["empty"] == ["1", "odd.tsv:5"]
    assert facts["seen before"] == ["1", "odd.tsv:3 (as odd.tsv:1)"]
    assert facts["seen before with another label"] == ["1", "odd.tsv:4 (as odd.tsv:1)"]
    assert facts["cut after 500 tokens"] == ["1", "odd.tsv:6 (501)"]
    assert "unknown words, text: zebra" in out
    whole, _ = call("check", "classify", texts / "test.jsonl")
    assert "median" in whole


def test_a_table_of_results_is_in_columns_and_never_too_wide():
    from heedful.cli.output import result_lines

    table = {"好": {"n": 1, "much": 0.5}, "bad": {"n": 22, "much": 0.25}}
    plain, below = result_lines({"a": 1.23456, "table": table, "b": "x"}).split("\n\n")
    assert plain == "a  1.235\nb  x"
    assert below.splitlines() == ["table", "        n  much", "  好    1   0.5", "  bad  22  0.25"]
    wide = result_lines({"confusion": {f"row{i}": {f"column{j}": 1 for j in range(50)} for i in range(50)}})
    assert max(map(len, wide.splitlines())) < 160
    assert "use --json" in wide


def test_lists_fill_lines_and_break_no_item():
    from heedful.cli.output import filled

    assert filled("x  ", ["one place", "another", "好好好"], 18) == "x  one place,\n   another,\n   好好好"
    assert filled("x  ", [], 18) == "x"
