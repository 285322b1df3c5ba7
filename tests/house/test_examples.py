"""The examples in the documentation run as they are printed: Python blocks, shell blocks, and notebooks' form.

The Python blocks of a page share a namespace, from top to bottom. The shell blocks run in this process, and train
for two steps only. Both find the files of `conftest.py` in the working folder.
"""

import io
import json
import re
import shlex
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

import heedful

ROOT = Path(heedful.__file__).parents[1]
PAGES = sorted(path for pattern in ("*.md", "docs/*.md", "recipes/*.md") for path in ROOT.glob(pattern))
BLOCK = r"^```{}\n(.*?)^```"
TRAINS = re.compile(r"heedful\.fit\(|import lightning")
FEWER_STEPS = ("--set", "train.steps=2")
MOST_TRAININGS = 2
NOT_RUN = ("pip ", "make ", "git ", "torchrun ", ".ci/run", "python ", "source ")
NOT_RUN += ("heedful bench", "heedful demo", "heedful chat")

pytestmark = pytest.mark.skipif(not (ROOT / "docs").is_dir(), reason="not run from a source tree")


def blocks_of(page: Path, language: str) -> list[str]:
    """The fenced blocks of a page in a language."""
    return re.findall(BLOCK.format(language), page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def pages_with(language: str) -> list[Path]:
    return [page for page in PAGES if blocks_of(page, language)]


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


def run_blocks(blocks: list[str], name: str) -> dict[str, object]:
    """Runs the Python blocks of a page one after the other, in one namespace."""
    names: dict[str, object] = {"__name__": "page"}
    for block in blocks:
        exec(compile(block, name, "exec", dont_inherit=True), names)
    return names


def commands_of(block: str) -> Iterator[list[str]]:
    """The words of each command of a shell block; a backslash at the end of a line continues it."""
    for line in block.replace("\\\n", " ").splitlines():
        if words := shlex.split(line, comments=True):
            yield words


def run_command(words: list[str]) -> None:
    """Runs `heedful ...`, perhaps with `echo ... |` before it or `> FILE` after it."""
    from heedful.cli.run import run

    given, target = "", None
    if "|" in words:
        before, words = words[: words.index("|")], words[words.index("|") + 1 :]
        assert before[0] == "echo", before
        given = " ".join(before[1:]) + "\n"
    if ">" in words:
        words, target = words[: words.index(">")], Path(words[words.index(">") + 1])
    assert words[0] == "heedful", words
    more = FEWER_STEPS if words[1] in ("train", "pretrain") else ()
    out, errors = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(errors):
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given.encode())))
        status = run([*words[1:], *more])
    assert status == 0, f"{shlex.join(words)}: {errors.getvalue()[-500:]}"
    if target:
        target.write_text(out.getvalue(), encoding="utf-8")


@pytest.mark.parametrize("page", pages_with("python"), ids=named)
def test_the_python_of_a_page_runs(page, example_files, unchecked_shapes):
    blocks = blocks_of(page, "python")
    if any(map(TRAINS.search, blocks)):
        pytest.importorskip("lightning")
        pytest.importorskip("sacrebleu")
    pytest.importorskip("matplotlib")
    run_blocks(blocks, named(page))


def fast_or_slow(page: Path) -> object:
    """A page with commands of every task takes too long for each run of the tests."""
    trainings = re.findall(r"^heedful (?:train|pretrain)", "\n".join(blocks_of(page, "bash")), re.MULTILINE)
    return pytest.param(page, marks=pytest.mark.slow if len(trainings) > MOST_TRAININGS else (), id=named(page))


@pytest.mark.parametrize("page", [fast_or_slow(page) for page in pages_with("bash")])
def test_the_commands_of_a_page_run(page, example_files, unchecked_shapes):
    for needed in ("lightning", "sacrebleu", "matplotlib"):
        pytest.importorskip(needed)
    for block in blocks_of(page, "bash"):
        for words in commands_of(block):
            if not shlex.join(words).startswith(NOT_RUN):
                run_command(words)


def test_blocks_of_a_page_share_names_and_a_wrong_one_is_seen():
    assert run_blocks(["x = 1\n", "y = x + 1\n"], "page")["y"] == 2
    with pytest.raises(AssertionError):
        run_blocks(["x = 1\n", "assert x == 2\n"], "page")


def test_a_command_that_fails_is_seen(example_files):
    with pytest.raises(AssertionError, match="no such file"):
        run_command(["heedful", "check", "translate", "gone.tsv"])


def test_commands_are_split_as_a_shell_does():
    block = "heedful show runs/a \\\n    'two words'  # a remark\n\necho hi | heedful predict runs/a > out.txt\n"
    assert list(commands_of(block)) == [
        ["heedful", "show", "runs/a", "two words"],
        ["echo", "hi", "|", "heedful", "predict", "runs/a", ">", "out.txt"],
    ]


@pytest.mark.parametrize("path", sorted(ROOT.glob("docs/notebooks/*.ipynb")), ids=lambda path: path.name)
def test_a_notebook_is_committed_without_output(path):
    """`make docs` runs notebooks; outputs in the repository would only show an older run."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert code
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)


def test_every_public_room_has_a_page_of_the_reference():
    pages = "".join(page.read_text(encoding="utf-8") for page in ROOT.glob("docs/api/*.rst"))
    documented = set(re.findall(r"^\.\. public-names:: (\S+)$", pages, re.MULTILINE))
    assert set(heedful._HOME) <= documented
    rooms = {f"heedful.{room}" for room in ("data", "decode", "layer", "model", "testing", "train", "watch")}
    assert rooms <= documented
