"""Every model is cited by a paper with a place to find it, as BibTeX reads it."""

import re

import pytest

from heedful.papers import Paper
from heedful.papers import table as papers
from heedful.task import all_tasks

PAPERS = sorted(
    {model.paper for task in all_tasks() for model in task.models.names.values()}, key=lambda paper: paper.title
)


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: f"{paper.authors[0].split()[-1]}{paper.year}")
def test_a_paper_can_be_found_and_cited(paper):
    assert re.fullmatch(r"\d{4}\.\d{4,5}", paper.arxiv) or paper.doi.startswith("10.")
    assert str(paper).startswith(paper.authors[0].split()[-1])
    entry = paper.bibtex()
    assert entry.count("{") == entry.count("}")
    assert re.match(r"@(inproceedings|article)\{[a-z]+\d{4},\n", entry)
    assert entry.count(" and ") >= len(paper.authors) - 1


def test_a_journal_has_a_volume():
    entry = papers.APCNN.bibtex()
    assert entry.startswith("@article{er2016,")
    assert "journal = {Information Sciences}" in entry
    assert "volume = {373}" in entry
    assert "booktitle" not in entry


def test_a_son_keeps_his_family_name():
    assert "Daumé, III, Hal" in papers.DAN.bibtex()
    assert "author = {Plato}" in Paper(("Plato",), "x", "y", 2000, "2000.00000").bibtex()
