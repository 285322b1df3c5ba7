"""A model is cited by the papers of its very parts; every paper that a part names is known."""

import importlib
import inspect
import pkgutil

import pytest
from torch import nn

import heedful
from heedful import Additive, Attention, Causal, Cosine, Entmax15, MultiHead, Sparse, Sparsemax, Window, cite
from heedful.papers import table
from heedful.papers.cite import names_in, papers_of

ROOMS = ("score", "region", "choice", "structure", "layer", "model")


def classes():
    for room in ROOMS:
        package = importlib.import_module(f"heedful.{room}")
        for found in pkgutil.walk_packages(package.__path__, f"heedful.{room}."):
            module = importlib.import_module(found.name)
            yield from (
                kind for _, kind in inspect.getmembers(module, inspect.isclass) if kind.__module__ == found.name
            )


def test_every_paper_that_a_part_names_is_known():
    named = {kind.__qualname__: set(names_in(kind.__doc__ or "")) for kind in classes()}
    known = {kind.__qualname__: len(set(papers_of(kind))) for kind in classes()}
    assert sum(map(len, named.values())) > 30
    assert {name: found for name, found in named.items() if len(found) > known[name]} == {}


def test_score_region_and_choice_are_cited():
    papers = cite(Attention(Additive(4, 4, 4), region=Window(3) & Causal(), choice=Sparse(Sparsemax())))
    assert papers[0] is table.ALIGN_AND_TRANSLATE
    assert {table.EFFECTIVE_APPROACHES, table.SPARSEMAX} <= set(papers)


def test_another_part_is_another_paper():
    assert table.ENTMAX in cite(Attention(Cosine(), choice=Sparse(Entmax15())))
    assert table.SPARSEMAX not in cite(Attention(Cosine(), choice=Sparse(Entmax15())))


def test_parts_of_a_users_model_are_found_and_its_own_have_no_paper():
    class Reader(nn.Module):
        """Not ours, whatever it names (arXiv:1409.0473)."""

        def __init__(self):
            super().__init__()
            self.look, self.out = MultiHead(8, heads=2), nn.Linear(8, 2)

    assert cite(Reader()) == cite(MultiHead(8, heads=2))
    assert table.ATTENTION_IS_ALL_YOU_NEED in cite(Reader())
    assert cite(nn.Linear(2, 2)) == []


def test_what_is_no_model_is_refused():
    with pytest.raises(TypeError, match=r"expected a torch\.nn\.Module .*, got str"):
        heedful.cite("rnnsearch")
