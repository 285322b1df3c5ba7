"""Every law over the whole product score x region x choice: each combination on a prime-sized, padded sample."""

from itertools import product

import pytest

from heedful.testing import LawBroken, Mechanism, Sample, check_attention
from heedful.testing.laws import order_changes_nothing
from heedful.testing.variants import CHOICES, REGIONS, SCORES, Sizes, make_region, make_score

LENGTHS = ((5, 7), (7, 5), (5, 5), (1, 1), (2, 1), (1, 3), (0, 3), (3, 0), (0, 0))
"""Queries and keys: the product walks through them, so that each variant meets all of them."""

PRODUCT = [
    (score, region, choice, LENGTHS[number % len(LENGTHS)])
    for number, (score, region, choice) in enumerate(product(SCORES, REGIONS, CHOICES))
]


def draw(score: str, queries: int, keys: int) -> Sample:
    case = SCORES[score]
    return Sample.draw(case.query_dim, case.key_dim, queries=queries, keys=keys, keep=True)


@pytest.mark.usefixtures("unchecked_shapes")  # half of its time; `test_sizes` and `test_engines` check the same shapes
@pytest.mark.parametrize(("score", "region", "choice", "lengths"), PRODUCT)
def test_laws_hold(score: str, region: str, choice: str, lengths: tuple[int, int]) -> None:
    sample = draw(score, *lengths)
    built = make_region(region, Sizes((3,), *lengths, SCORES[score].query_dim))
    check_attention(make_score(score), region=built, choice=CHOICES[choice](), sample=sample)


@pytest.mark.parametrize("choice", sorted(set(CHOICES) - {"gumbel"}))
@pytest.mark.parametrize("score", sorted(set(SCORES) - {"location"}))
def test_order_is_nothing_where_nothing_reads_positions(score: str, choice: str) -> None:
    region = make_region("everywhere", Sizes((3,), 5, 7, SCORES[score].query_dim))
    order_changes_nothing(Mechanism(make_score(score), region, CHOICES[choice]()), draw(score, 5, 7))


@pytest.mark.parametrize(("score", "region"), [("location", "everywhere"), ("dot", "window"), ("dot", "predicted")])
def test_order_matters_where_positions_are_read(score: str, region: str) -> None:
    built = make_region(region, Sizes((3,), 5, 7, SCORES[score].query_dim))
    with pytest.raises(LawBroken, match="order of the memory"):
        order_changes_nothing(Mechanism(make_score(score), built, CHOICES["soft"]()), draw(score, 5, 7))
