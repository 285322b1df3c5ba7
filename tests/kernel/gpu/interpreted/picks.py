"""The GPU engine's keys: as those of every fused engine, for every score and region, though not for every pair."""

import pytest
import torch

from heedful import Argmax, Hard, Sparse, StraightThrough, TopK, attend, kernel
from heedful.kernel import EngineError
from heedful.testing.budget import check_engine
from heedful.testing.variants import REGIONS
from tests.attention.test_maps import check_survey, question
from tests.kernel.fused_picks import *  # noqa: F403 - pytest runs its tests with the engine below
from tests.kernel.fused_picks import check_selection
from tests.laws.test_engines import build, diagonal

SCORES = ("dot", "general", "concat", "additive")
CHOICES = {"hard": Hard(), "straight-through": Hard(Argmax(), StraightThrough(0.7))}
pytestmark = [  # numpy says so where a kernel clamps, or meets what is not a number
    pytest.mark.filterwarnings("ignore:overflow encountered"),
    pytest.mark.filterwarnings("ignore:invalid value encountered"),
]


@pytest.fixture
def engine() -> str:
    return "gpu"


@pytest.fixture
def draws() -> tuple[int, int]:
    return 1_000, 64


@pytest.fixture
def many() -> tuple[int, int]:
    return 35, 70


@pytest.mark.parametrize(("score", "region", "choice"), diagonal(4, SCORES, list(REGIONS), ["argmax", "top-2"]))
def test_what_is_picked_and_its_gradients(score, region, choice):
    check_engine(*build(score, region, choice, "gpu", torch.float32))


@pytest.mark.parametrize(("score", "region", "choice"), diagonal(4, SCORES, list(REGIONS), list(CHOICES)))
def test_a_selection_and_all_that_learns_from_it(score, region, choice):
    """A block holds 32 keys: these are two."""
    check_selection("gpu", score, region, CHOICES[choice], (11, 37))


@pytest.mark.parametrize("grid", [(4, 5), (60, 70), (0, 0)], ids=str)
@pytest.mark.parametrize("score", ["dot", "additive"])
def test_a_map_in_short(score, grid):
    for region in ("window-centred & padding", "predicted & causal & padding"):
        check_survey("gpu", score, region, grid)


def test_the_context_of_a_survey_learns_and_the_map_does_not():
    asked = question("general", "causal", "soft", torch.float32)
    found = kernel.survey(asked.problem, asked.value, kernel.StatsRequest((2, 2), best=2), engine="gpu")
    plain, query = kernel.attend(asked.problem, asked.value, "plain"), asked.problem.x
    slopes, expected = (torch.autograd.grad(each.square().sum(), query)[0] for each in (found.context, plain))
    torch.testing.assert_close(slopes, expected, rtol=1e-4, atol=1e-5)
    assert not any(each.requires_grad for each in found[1:])


def test_more_of_the_best_than_a_row_has_room_for_are_refused():
    query, key = torch.randn(3, 4), torch.randn(50, 4)
    attend(query, key, choice=Sparse(TopK(32)), engine="gpu")
    with pytest.raises(EngineError, match=r"finds the 32 best keys of each query, and this choice wants 33 \(TopK\)"):
        attend(query, key, choice=Sparse(TopK(33)), engine="gpu")
