"""The main job from end to end through the command line: train, predict, look, score, go on, and break."""

import io
import json
import shutil
import sys

import numpy as np
import pytest

import heedful
from heedful.cli.run import run


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
    lines = [json.loads(line) for line in (trained / "metrics.jsonl").read_text().splitlines()]
    assert {"step", "seconds", "train_loss", "target_tokens_per_second"} <= set(lines[-1])
    assert lines[-1]["valid_bleu"] > 50, "it has learnt"
    losses = [line["valid_loss"] for line in lines if "valid_loss" in line]
    assert 0 < losses[-1] < losses[0]
    readme = (trained / "README.md").read_text()
    assert "test bleu" in readme
    assert "heedful predict" in readme
    for name in ("model.safetensors", "config.yaml", "source.vocab.json", "target.vocab.json"):
        assert (trained / name).exists()


def test_predict_is_a_filter(trained, pairs, call, monkeypatch):
    from_file, _ = call("predict", trained, pairs / "test.src")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO((pairs / "test.src").read_bytes())))
    from_pipe, told = call("predict", trained, "-", "--at-once", 7)
    assert from_pipe == from_file
    assert len(from_file.splitlines()) == 25
    assert told == ""
    wanted = (pairs / "test.tgt").read_text().splitlines()
    assert sum(a == b for a, b in zip(from_file.splitlines(), wanted, strict=True)) > 12


def test_python_reads_the_same_folder(trained, pairs, call):
    texts = (pairs / "test.src").read_text().splitlines()
    out, _ = call("predict", trained, pairs / "test.src")
    assert [one.text for one in heedful.load(trained).predict(texts)] == out.splitlines()


def test_alignments_come_in_pharaoh_format(trained, pairs, call):
    out, _ = call("predict", trained, pairs / "test.src", "--alignment", "pharaoh")
    text, _, links = out.splitlines()[0].partition(" ||| ")
    assert text
    assert all(len(link.split("-")) == 2 for link in links.split())


def test_several_translations_are_numbered_and_scored(trained, pairs, call):
    out, _ = call("predict", trained, pairs / "test.src", "--nbest", 2, "--beam", 2)
    fields = [line.split(" ||| ") for line in out.splitlines()]
    assert [int(number) for number, _, _ in fields] == [i for i in range(25) for _ in range(2)]
    assert float(fields[0][2]) >= float(fields[1][2])


@pytest.mark.parametrize("suffix", [".html", ".jsonl", ".npz"])
def test_maps_go_to_a_file_and_translations_to_standard_output(trained, pairs, call, tmp_path, suffix):
    out, _ = call("predict", trained, pairs / "test.src", "--attention", tmp_path / f"maps{suffix}")
    assert len(out.splitlines()) == 25
    if suffix == ".npz":
        with np.load(tmp_path / "maps.npz") as maps:
            assert maps["24/weights"].shape == (len(maps["24/rows"]), len(maps["24/columns"]))
            assert "24/layers/decoder.look.attention" in maps
    else:
        assert "</s>" in (tmp_path / f"maps{suffix}").read_text().replace("&lt;", "<").replace("&gt;", ">")


def test_maps_in_the_terminal_do_not_mix_with_translations(trained, pairs, call):
    plain, _ = call("predict", trained, pairs / "test.src")
    out, drawn = call("predict", trained, pairs / "test.src", "--attention", "terminal")
    assert out == plain
    assert drawn.count("</s>") == 25


def test_show_draws_one_sentence(trained, call):
    out, _ = call("show", trained, "a b c")
    assert out.startswith("C B A\n")
    assert "</s>" in out
    every, _ = call("show", trained, "a b c", "--all")
    assert "decoder.look.attention" in every
    _, told = call("show", trained, " ")
    assert "nothing to draw" in told


def test_eval_prints_one_json_object(trained, pairs, call):
    files = [pairs / "test.src", pairs / "test.tgt"]
    out, _ = call("eval", trained, *files, "--json", "--alignments", pairs / "test.align")
    found = json.loads(out)
    assert found["bleu"] > 50
    assert {"bleu", "chrf", "aer", "sentences_per_second", "signature", "beam", "sentences"} <= set(found)
    assert "tok:13a" in found["signature"]
    assert found["aer"] < 0.5, "the gold links chose a map that follows them"
    backwards, _ = call("eval", trained, *files, "--json", "--beam", 1)
    assert json.loads(backwards)["beam"] == 1


def test_check_reports_and_shows_examples(pairs, trained, call):
    out, _ = call("check", "translate", pairs / "test.src", pairs / "test.tgt", "--run", trained)
    assert "sentence pairs" in out
    assert "test.src:1" in out


def test_links_to_words_that_are_not_there_are_told(trained, pairs, capsys, tmp_path):
    (tmp_path / "bad.align").write_text("0-0 17-0\n" + "0-0\n" * 24)
    files = [str(pairs / "test.src"), str(pairs / "test.tgt")]
    assert run(["eval", str(trained), *files, "--alignments", str(tmp_path / "bad.align")]) == 1
    assert "link 17-0" in capsys.readouterr().err
    (tmp_path / "short.align").write_text("0-0\n")
    assert run(["eval", str(trained), *files, "--alignments", str(tmp_path / "short.align")]) == 1
    assert "25 sentence pairs, but 1 line" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda folder: (folder / "model.safetensors").write_bytes(b"x" * 50), "model.safetensors"),
        (lambda folder: (folder / "model.safetensors").unlink(), "model.safetensors"),
        (lambda folder: (folder / "config.yaml").write_text("task: [\n"), "config.yaml:"),
        (lambda folder: (folder / "config.yaml").write_text("model: {name: rnnsearch, hidden: 64}\n"), "tokeniser"),
        (lambda folder: (folder / "source.vocab.json").write_text("{"), "source.vocab.json"),
        (lambda folder: (folder / "target.vocab.json").unlink(), "target"),
        (shutil.rmtree, "no such folder"),
    ],
)
def test_a_damaged_folder_is_one_line(trained, tmp_path, capsys, damage, told):
    folder = tmp_path / "run"
    shutil.copytree(trained, folder)
    damage(folder)
    assert run(["show", str(folder), "a b"]) == 1
    error = capsys.readouterr().err
    assert told in error
    assert len(error.splitlines()) <= 2


def test_nothing_in_a_folder_is_executed(trained, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(trained, folder)
    config = (folder / "config.yaml").read_text()
    (folder / "config.yaml").write_text(f"train: !!python/object/apply:posix.mkdir ['{folder}/owned']\n{config}")
    with pytest.raises(heedful.UserError):
        heedful.load(folder)
    assert not (folder / "owned").exists()


def test_a_folder_may_be_moved(trained, tmp_path, call):
    shutil.copytree(trained, tmp_path / "elsewhere")
    assert call("show", tmp_path / "elsewhere", "a b")[0] == call("show", trained, "a b")[0]


def test_a_run_is_not_overwritten(trained, training, capsys):
    before = (trained / "config.yaml").read_text()
    assert run(training(trained, model__hidden=16)) == 1
    assert "--resume" in capsys.readouterr().err
    assert (trained / "config.yaml").read_text() == before


def test_broken_text_is_told_with_its_line(trained, tmp_path, capsys):
    (tmp_path / "latin.txt").write_bytes("a b\ncaf\xe9\n".encode("latin-1"))
    assert run(["predict", str(trained), str(tmp_path / "latin.txt")]) == 1
    assert "latin.txt:2" in capsys.readouterr().err


def test_an_over_long_and_an_unknown_sentence_are_translated_with_a_note(trained, tmp_path, call):
    (tmp_path / "odd.txt").write_text("a " * 900 + "\n老\n\n")
    out, told = call("predict", trained, tmp_path / "odd.txt", "--beam", 1)
    assert len(out.splitlines()) == 3
    assert out.endswith("\n\n")
    assert "question 1 is too long; only its first 500 tokens" in told
