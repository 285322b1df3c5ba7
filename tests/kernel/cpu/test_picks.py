"""The fused CPU engine's keys: as those of every fused engine, for every score and region."""

import pytest
import torch

from heedful import Argmax, Hard, StraightThrough
from heedful.testing.budget import check_engine
from heedful.testing.variants import REGIONS
from tests.kernel.fused_picks import *  # noqa: F403 - pytest runs its tests with the engine below
from tests.kernel.fused_picks import check_selection
from tests.laws.test_engines import build


@pytest.fixture
def engine() -> str:
    return "cpu"


@pytest.fixture
def draws() -> tuple[int, int]:
    return 20_000, 700


@pytest.fixture
def many() -> tuple[int, int]:
    return 300, 400


@pytest.mark.parametrize("choice", ["argmax", "top-2"])
@pytest.mark.parametrize("region", REGIONS)
def test_what_is_picked_and_its_gradients(region, choice):
    for score in ("dot", "general", "concat", "additive"):
        check_engine(*build(score, region, choice, "cpu", torch.float32))


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("score", ["dot", "additive"])
@pytest.mark.parametrize("choice", [Hard(), Hard(Argmax(), StraightThrough(0.7))], ids=str)
def test_a_selection_and_all_that_learns_from_it(score, region, choice):
    check_selection("cpu", score, region, choice, (33, 31))
