"""`heedful bench` from its words to its files; what it measures is tested in `tests/bench`."""

import json

import pytest

from heedful.cli.run import run

TINY = ["--quick", "--seconds", "0", "--peers", "eager,sdpa"]


def test_a_quick_run_prints_a_table_and_writes_it(tmp_path, capsys):
    assert run(["bench", "dot", "additive", *TINY, "--as-installed", "--out", str(tmp_path / "mine")]) == 0
    shown = capsys.readouterr()
    text = (tmp_path / "mine.md").read_text()
    assert "# `heedful bench dot additive --peers eager,sdpa --seconds 0.0 --as-installed --quick`" in text
    assert "as installed" in shown.out
    rows = [line for line in shown.out.splitlines() if line.startswith("| ")]
    assert len(rows) == 1 + 2 * 2 * 3
    assert all(row in text for row in rows)
    assert "written: " in shown.err
    assert len((tmp_path / "mine.jsonl").read_text().splitlines()) == len(rows)


def test_without_names_every_case_but_the_sweep_is_run(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(["bench", "--json", "--peers", "ours", "--lengths", "8, 5", "--seconds", "0"]) == 0
    _, *rows = map(json.loads, capsys.readouterr().out.splitlines())
    assert [(row["case"], row["length"]) for row in rows[:4]] == [("additive", 5)] * 2 + [("additive", 8)] * 2
    assert len({row["case"] for row in rows}) == 10
    assert "lengths" not in {row["case"] for row in rows}
    assert (tmp_path / "benchmarks" / "results" / "latest.md").is_file()


def test_a_missing_peer_is_told(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert run(["bench", "dot", "--quick", "--peers", "keras", "--seconds", "0", "--out", str(tmp_path / "a")]) == 0
    assert "- Not here: keras: not installed: pip install keras\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["additiv"], "did you mean 'additive'"),
        (["--peers", "egaer"], "did you mean 'eager'"),
        (["--lengths", "64,many"], "expected whole numbers"),
        (["--lengths", "0"], "expected whole numbers"),
        (["--lengths", ""], "expected whole numbers"),
        (["--device", "cude"], "did you mean 'cuda'"),
    ],
)
def test_a_wrong_word_is_answered_before_any_work(capsys, words, told):
    assert run(["bench", *words]) == 1
    captured = capsys.readouterr()
    assert told in captured.err
    assert captured.out == ""


def test_a_place_that_cannot_be_written_to_is_told_before_any_work(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert run(["bench", "dot", *TINY, "--out", str(tmp_path / "file" / "mine")]) == 1
    assert "cannot write" in capsys.readouterr().err
