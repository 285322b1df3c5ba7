"""Which engine answers: `auto` is a matter of speed, never of meaning."""

import pytest
import torch

from heedful.choice import Soft, Sparse
from heedful.kernel import Bounds, Inner, Plain, Problem, Tanh, door


def problem(form=None, bounds: Bounds | None = None, choice=None, dtype: torch.dtype = torch.float32) -> Problem:
    form = Inner() if form is None else form
    bounds = Bounds(5, 7) if bounds is None else bounds
    choice = Soft() if choice is None else choice
    return Problem(
        form, torch.randn(2, bounds.queries, 3).to(dtype), torch.randn(2, bounds.keys, 3).to(dtype), bounds, choice
    )


@pytest.mark.parametrize(
    ("of", "engine"),
    [
        (problem(), "Sdpa"),
        (problem(bounds=Bounds(5, 5, right=0)), "Sdpa"),
        (problem(bounds=Bounds(5, 7, left=1, right=1)), "Plain"),  # SDPA would compute every pair
        (problem(bounds=Bounds(131, 137, left=1, right=1)), "Cpu"),
        (problem(bounds=Bounds(521, 521)), "Cpu"),
        (problem(bounds=Bounds(521, 521, right=0)), "Cpu"),
        (problem(bounds=Bounds(521, 521), dtype=torch.float64), "Sdpa"),  # it computes in float32
        (problem(bounds=Bounds(1, 7)), "Plain"),  # a decoding step
        (problem(form=Tanh(torch.randn(3))), "Plain"),  # so small that a call costs more than the work
        (problem(form=Tanh(torch.randn(3)), bounds=Bounds(101, 211)), "Cpu"),
        (problem(form=Tanh(torch.randn(3)), bounds=Bounds(1, 211)), "Plain"),  # a decoding step
        (problem(choice=Sparse()), "Plain"),
        (problem(dtype=torch.bfloat16), "Plain"),  # nine times as fast on sentences
    ],
)
def test_auto_chooses_what_serves(of: Problem, engine: str) -> None:
    assert type(door._choose(of, "auto")).__name__ == engine


def test_the_plain_engine_serves_everything() -> None:
    for of in (problem(), problem(form=Tanh(torch.randn(3))), problem(choice=Sparse())):
        assert Plain().refusal(of) is None
        assert isinstance(door._choose(of, "plain"), Plain)
