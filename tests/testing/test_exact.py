"""Heedful's objects read into the oracle, and plain torch beside it: two independent ways to one answer."""

from itertools import product

import pytest
import torch

from heedful.attention.problem import AttentionSpec
from heedful.choice import Gumbel, Hard
from heedful.kernel import Bounds
from heedful.region import Everywhere, Padding, Region, Window
from heedful.score import Dot
from heedful.testing import Sample, exact, naive
from heedful.testing.mechanism import row_of
from heedful.testing.variants import CHOICES, REGIONS, SCORES, Sizes, make_region, make_score

CHECKED = ("soft-sharp", "argmax", "sparsemax", "entmax15", "top-2")


@pytest.mark.parametrize("region", REGIONS)
def test_plain_torch_agrees_with_numpy(region: str) -> None:
    for score, choice in list(product(SCORES, CHECKED))[::3]:
        case = SCORES[score]
        sample = Sample.draw(case.query_dim, case.key_dim, keep=True)
        built = make_region(region, Sizes((3,), 5, 7, case.query_dim))
        spec = AttentionSpec(make_score(score), built, CHOICES[choice](), sample.keep)
        found = naive.attend(sample.query, sample.key, sample.value, spec=spec)
        truth = torch.from_numpy(exact.attend(sample.query, sample.key, sample.value, spec=spec))
        torch.testing.assert_close(found.detach(), truth, rtol=0, atol=1e-9)


def test_real_keys_end_at_the_last_one_kept() -> None:
    keep = torch.tensor([[True, False, True, False], [False] * 4])
    query, key = torch.zeros(2, 1, 3), torch.zeros(2, 4, 3)
    spec = AttentionSpec(Dot(), Everywhere(), CHOICES["soft"](), keep)
    assert exact.real_keys(query, key, spec).tolist() == [3, 0]
    padded = AttentionSpec(Dot(), Padding(torch.tensor([2, 9])), CHOICES["soft"](), keep)
    assert exact.real_keys(query, key, padded).tolist() == [2, 0]


def test_what_has_no_exact_answer_is_refused() -> None:
    class Diagonal(Region):
        def bounds(self, query, span) -> Bounds:
            return Bounds(span.queries, span.keys, 0, 0)

    query = torch.zeros(1, 2, 3)
    with pytest.raises(TypeError, match="no exact result"):
        exact.align(query, query, AttentionSpec(Dot(), Everywhere(), Hard(Gumbel())))
    with pytest.raises(TypeError, match="does not know the region"):
        exact.align(query, query, AttentionSpec(Dot(), Diagonal(), CHOICES["soft"]()))


def test_the_region_of_one_row() -> None:
    region = Padding(torch.tensor([4, 2])) & Window(1, torch.tensor([[0, 1], [2, 3]]))
    assert repr(row_of(region, 1)) == "Padding([2]) & Window(1, centre=...)"
    query = torch.zeros(2, 2, 3)
    whole, _ = exact.visible_and_gate(query, query, AttentionSpec(Dot(), region, CHOICES["soft"]()))
    alone, _ = exact.visible_and_gate(query[1:], query[1:], AttentionSpec(Dot(), row_of(region, 1), CHOICES["soft"]()))
    assert (whole[1:] == alone).all()
