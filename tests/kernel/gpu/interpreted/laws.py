"""Law 7 for the GPU engine: as exact as plain torch at the same precision, in its output and in every gradient."""

from itertools import product

import pytest
import torch

from heedful.testing import Mechanism, Sample
from heedful.testing.budget import check_engine
from heedful.testing.variants import CHOICES, REGIONS, SCORES, Sizes, make_region, make_score

KNOWN = ("dot", "general", "cosine", "concat", "location", "additive")
DTYPES = ("float32", "bfloat16", "float16")


def check(score: str, region: str, choice: str, dtype: torch.dtype, lengths: tuple[int, int]) -> None:
    case = SCORES[score]
    sample = Sample.draw(case.query_dim, case.key_dim, queries=lengths[0], keys=lengths[1], keep=True).to(dtype)
    built = make_region(region, Sizes((3,), *lengths, case.query_dim), dtype)
    check_engine(Mechanism(make_score(score, dtype), built, CHOICES[choice](), "gpu"), sample)


@pytest.mark.parametrize("region", list(REGIONS))
@pytest.mark.parametrize("score", KNOWN)
def test_every_score_and_region(score, region):
    number = KNOWN.index(score) + list(REGIONS).index(region)
    check(score, region, ("soft", "soft-sharp")[number % 2], getattr(torch, DTYPES[number % 3]), (11, 13))


@pytest.mark.parametrize(("score", "dtype"), [*product(("dot", "additive"), DTYPES)])
def test_every_precision(score, dtype):
    for region in ("causal & padding", "predicted & causal & padding"):
        check(score, region, "soft", getattr(torch, dtype), (17, 19))


@pytest.mark.parametrize("lengths", [(1, 1), (1, 13), (13, 1), (17, 16), (33, 33)], ids=str)
@pytest.mark.parametrize("region", ["causal", "window & causal", "predicted & causal & padding"])
def test_sizes_at_the_edges_of_blocks(region, lengths):
    for score in ("general", "additive"):
        check(score, region, "soft", torch.float32, lengths)


@pytest.mark.parametrize(
    ("score", "region", "lengths", "dtype"),
    [
        ("additive", "causal & padding", (65, 130), torch.float32),
        ("general", "predicted & causal & padding", (130, 65), torch.float32),
        ("general", "causal & padding", (65, 130), torch.bfloat16),
    ],
)
def test_more_blocks_than_one_of_queries_and_of_keys(score, region, lengths, dtype):
    check(score, region, "soft", dtype, lengths)
