"""The pages of the project: their links lead somewhere, and their figures are those that were measured."""

import importlib.util
import re
import sys
from pathlib import Path

import pytest

import heedful

ROOT = Path(heedful.__file__).parents[1]
PAGES = sorted(path for pattern in ("*.md", "docs/*.md", "recipes/*.md") for path in ROOT.glob(pattern))
TIMES = ROOT / "benchmarks" / "results" / "cpu.md"
ERRORS = ROOT / "benchmarks" / "error.py"
LINK = re.compile(r"\]\(([^)\s]+)\)")
TRIPLE = re.compile(r"([\d.]+), ([\d.]+), \*\*([\d.]+)\*\*")

pytestmark = pytest.mark.skipif(not (ROOT / "docs").is_dir(), reason="not run from a source tree")


def anchors(text: str) -> set[str]:
    """What a page's headings are called in links, as GitHub does it."""
    heads = re.findall(r"^#+ (.*)", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def dead_links(page: Path, text: str) -> list[str]:
    """Links of a page that lead to no file, or to no heading of one."""
    dead: list[str] = []
    for link in LINK.findall(text):
        name, _, anchor = link.partition("#")
        if "://" in name:
            continue
        target = (page.parent / name).resolve() if name else page
        known = anchors(target.read_text(encoding="utf-8")) if anchor and target.is_file() else {anchor}
        if not target.exists() or anchor not in known:
            dead.append(link)
    return dead


def unmeasured(page: str, results: str) -> list[tuple[str, ...]]:
    """Triples "ours, peer, **ratio**" of a page that no row of the results holds."""
    rows = [[cell.strip() for cell in line.split("|")][1:] for line in results.splitlines() if line.count("|") == 12]
    ours = {tuple(row[:3]): row[4] for row in rows if row[3] == "ours"}
    measured = {(ours.get(tuple(row[:3])), row[4].replace(",", ""), row[8]) for row in rows}
    return [triple for triple in TRIPLE.findall(page) if triple not in measured]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    assert dead_links(page, page.read_text(encoding="utf-8")) == []


def test_a_dead_link_is_seen():
    text = "[a](gone.md) [b](#nowhere) [c](LICENSE) [d](README.md#results) [e](README.md#gone) [f](https://arxiv.org/x)"
    assert dead_links(ROOT / "README.md", text) == ["gone.md", "#nowhere", "README.md#gone"]


def test_the_times_of_the_page_on_speed_are_those_measured():
    page = (ROOT / "docs" / "fast.md").read_text(encoding="utf-8")
    assert len(TRIPLE.findall(page)) > 20
    assert unmeasured(page, TIMES.read_text(encoding="utf-8")) == []


def test_a_time_that_was_not_measured_is_seen():
    results = """
| dot | 1x8 | forward | ours | 2.36 | 2 to 3 | 4 | 9 | 1.00 |  |  |
| dot | 1x8 | forward | sdpa | 3.28 | 3 to 4 | 6 | 9 | 1.39 |  |  |
| dot | 1x8 | both | ours | 9.99 | 9 to 10 | 18 | 9 | 1.00 |  |  |
"""
    assert unmeasured("2.36, 3.28, **1.39** and 2.36, 3.28, **1.40**", results) == [("2.36", "3.28", "1.40")]


def test_scores_lie_within_the_bound_that_the_page_derives(monkeypatch):
    spec = importlib.util.spec_from_file_location("error", ERRORS)
    assert spec is not None
    assert spec.loader is not None
    error = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "error", error)  # dataclasses ask for their module
    spec.loader.exec_module(error)
    for scale in (0.1, 5.0):
        found = error.measure(16, scale)
        assert found.factored
        assert 0 < found.most[error.ENGINE] <= found.bound
    monkeypatch.setattr(error, "bound", lambda weight: found.most[error.ENGINE] / 2)
    with pytest.raises(SystemExit, match="wrong by"):
        error.measure(16, 5.0)
