"""Which engine answers: `auto` is a matter of speed, never of meaning."""

import pytest
import torch

from heedful.choice import Gumbel, Hard, Soft, Sparse
from heedful.kernel import Bounds, Inner, Plain, Problem, Tanh, dispatch


def problem(
    form=None, bounds: Bounds | None = None, choice=None, dtype: torch.dtype = torch.float32, learns: bool = False
) -> Problem:
    form = Inner() if form is None else form
    bounds = Bounds(5, 7) if bounds is None else bounds
    choice = Soft() if choice is None else choice
    x, y = (torch.randn(2, length, 3).to(dtype) for length in (bounds.queries, bounds.keys))
    return Problem(form, x.requires_grad_(learns), y, bounds, choice)


@pytest.mark.parametrize(
    ("of", "engine"),
    [
        (problem(), "Sdpa"),
        (problem(bounds=Bounds(5, 5, right=0)), "Sdpa"),
        (problem(bounds=Bounds(5, 7, left=1, right=1)), "Plain"),  # SDPA would compute every pair
        (problem(bounds=Bounds(331, 337, left=1, right=1)), "Cpu"),
        (problem(bounds=Bounds(521, 521)), "Cpu"),
        (problem(bounds=Bounds(521, 521, right=0)), "Cpu"),
        (problem(bounds=Bounds(521, 521), dtype=torch.float64), "Sdpa"),  # it computes in float32
        (problem(bounds=Bounds(1, 7)), "Plain"),  # a decoding step
        (problem(form=Tanh(torch.randn(3))), "Plain"),  # so small that a call costs more than the work
        (problem(form=Tanh(torch.randn(3)), bounds=Bounds(301, 311)), "Cpu"),
        (problem(form=Tanh(torch.randn(3)), bounds=Bounds(1, 211)), "Plain"),  # a decoding step
        (problem(form=Tanh(torch.randn(3)), bounds=Bounds(301, 311), learns=True), "Plain"),  # two calls, not one
        (problem(form=Tanh(torch.randn(3)), bounds=Bounds(601, 611), learns=True), "Cpu"),
        (problem(bounds=Bounds(2049, 2049), dtype=torch.bfloat16), "Plain"),  # products of bfloat16 are quicker still
        (problem(bounds=Bounds(2049, 2049), dtype=torch.bfloat16, learns=True), "Cpu"),
        (problem(bounds=Bounds(521, 521), choice=Hard(Gumbel())), "Cpu"),
        (problem(choice=Sparse()), "Plain"),
        (problem(dtype=torch.bfloat16), "Plain"),  # nine times as fast on sentences
    ],
)
def test_auto_chooses_what_serves(of: Problem, engine: str) -> None:
    assert type(dispatch._choose(of, "auto")).__name__ == engine


def test_the_plain_engine_serves_everything() -> None:
    for of in (problem(), problem(form=Tanh(torch.randn(3))), problem(choice=Sparse())):
        assert Plain().refusal(of) is None
        assert isinstance(dispatch._choose(of, "plain"), Plain)


def test_who_draws_draws_by_the_same_engine_whether_it_learns_or_not() -> None:
    """Else a recorder, which asks without gradients, would see other keys than those that were used."""
    for size in (301, 601, 2049):
        for form, dtype in ((Tanh(torch.randn(3)), torch.float32), (Inner(), torch.bfloat16)):
            one, other = (
                problem(form, Bounds(size, size), Hard(Gumbel(1)), dtype=dtype, learns=learns)
                for learns in (True, False)
            )
            with torch.no_grad():
                quiet = dispatch._choose(other, "auto")
            assert dispatch._choose(one, "auto") is quiet
