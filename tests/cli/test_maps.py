"""Maps through the command line: where they go, how many, on which scale, and what is told beforehand."""

import json

import pytest

from heedful.cli import maps as maps_module
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


def test_show_writes_a_page_and_prints_only_the_answer(trained, call, tmp_path):
    out, _ = call("show", trained, "a b c", "--out", tmp_path / "page.html", "--all", "--scale", "row")
    assert out == "C B A\n"
    page = (tmp_path / "page.html").read_text()
    assert "<h2>a b c</h2>" in page
    assert "<h3>RNNsearch: source attention</h3>" in page
    assert "the largest of each row" in page


def test_show_draws_with_heading_title_and_scale(trained, call):
    out, _ = call("show", trained, "a b c", "--scale", "0.5")
    assert "\na b c\nRNNsearch: source attention\n" in out
    assert " 0.5" in out.splitlines()[-1]


def test_many_pictures_are_told_beforehand_and_their_progress(trained, pairs, call, tmp_path, monkeypatch):
    monkeypatch.setattr(maps_module, "_SECONDS", 0.0)
    out, told = call("predict", trained, pairs / "test.src", "--attention", tmp_path / "m.svg")
    lines = told.splitlines()
    assert lines[0] == f"drawing 25 pictures: {tmp_path / 'm-1.svg'} to {tmp_path / 'm-25.svg'}"
    assert lines[1] == "1 of 25 pictures drawn"
    assert len(lines) == 25
    assert len(list(tmp_path.glob("m-*.svg"))) == len(out.splitlines()) == 25
    first = (pairs / "test.src").read_text().splitlines()[0]
    assert f"1: {first} · RNNsearch: source attention" in (tmp_path / "m-1.svg").read_text()


@pytest.mark.parametrize("suffix", [".svg", ".html", ".jsonl"])
def test_the_number_of_maps_is_limited_and_said(trained, pairs, call, tmp_path, suffix):
    file = tmp_path / f"m{suffix}"
    words = ("predict", trained, pairs / "test.src", "--attention", file, "--at-once", 10)
    out, told = call(*words, "--max-maps", 3)
    assert len(out.splitlines()) == 25, "all lines are answered"
    assert "note: only the first 3 maps are drawn; 22 of 25 answers have more; --max-maps 0 draws all" in told
    if suffix == ".svg":
        assert len(list(tmp_path.iterdir())) == 3
        call(*words, "--max-maps", 0)
        assert len(list(tmp_path.iterdir())) == 25
    elif suffix == ".html":
        assert file.read_text().count("<section>") == 3
    else:
        headings = [json.loads(line)["heading"] for line in file.read_text().splitlines()]
        assert [heading.partition(":")[0] for heading in headings] == ["1", "2", "3"]


def test_pictures_and_pages_have_a_limit_and_numbers_have_none(tmp_path):
    limits = {name: maps_module._limit(str(tmp_path / name)) for name in ("a.svg", "a.HTML", "a.npz", "a.jsonl")}
    assert limits == {"a.svg": 50, "a.HTML": 200, "a.npz": None, "a.jsonl": None}
    assert maps_module._limit("terminal") is None


def test_maps_in_the_terminal_have_headings(trained, pairs, call):
    _, drawn = call("predict", trained, pairs / "test.src", "--attention", "terminal", "--max-maps", 2)
    first, second = (pairs / "test.src").read_text().splitlines()[:2]
    assert f"\n1: {first}\nRNNsearch: source attention\n" in drawn
    assert f"\n2: {second}\nRNNsearch" in drawn
    assert "\n3: " not in drawn


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--all"], "add --attention OUT"),
        (["--scale", "row"], "add --attention OUT"),
        (["--max-maps", "3"], "add --attention OUT"),
        (["--attention", "a.html", "--scale", "rows"], "did you mean 'row'"),
        (["--attention", "a.html", "--scale", "-1"], "above 0"),
    ],
)
def test_wrong_use_is_one_line(trained, pairs, capsys, words, told):
    assert run(["predict", str(trained), str(pairs / "test.src"), *words]) == 1
    error = capsys.readouterr().err
    assert told in error
    assert len(error.splitlines()) <= 2
