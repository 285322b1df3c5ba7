"""Which engine answers: `auto` is a matter of speed, never of meaning."""

import pytest
import torch

from heedful.choice import Gumbel, Hard, Soft, Sparse
from heedful.kernel import Bounds, EngineError, Inner, Plain, Problem, StatsRequest, Tanh, dispatch
from heedful.kernel.cpu import Cpu, engine
from heedful.kernel.problem import EngineFailure
from heedful.kernel.sdpa import Sdpa


@pytest.fixture(autouse=True)
def with_avx512(monkeypatch: pytest.MonkeyPatch) -> None:
    """The thresholds are those of processors with AVX-512, whatever this one is."""
    monkeypatch.setattr(engine, "_HAS_AVX512", True)


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
        (problem(bounds=Bounds(521, 521), dtype=torch.bfloat16), "Cpu"),
        (problem(bounds=Bounds(521, 521), dtype=torch.bfloat16, learns=True), "Cpu"),
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


NARROW = [
    (problem(bounds=Bounds(521, 521)), "Sdpa"),
    (problem(bounds=Bounds(521, 700)), "Sdpa"),
    (problem(bounds=Bounds(521, 521, right=0)), "Sdpa"),
    (problem(bounds=Bounds(521, 521), learns=True), "Sdpa"),
    # What SDPA would need a mask for, or cannot do.
    (problem(bounds=Bounds(521, 700, right=0)), "Cpu"),
    (problem(bounds=Bounds(521, 521, stop=torch.full((2, 1), 500))), "Cpu"),
    (problem(bounds=Bounds(521, 521, left=1, right=1)), "Cpu"),
    (problem(bounds=Bounds(521, 521), choice=Hard()), "Cpu"),
    (problem(form=Tanh(torch.randn(3)), bounds=Bounds(521, 521)), "Cpu"),
]


@pytest.mark.parametrize(("of", "engine_name"), NARROW)
def test_without_avx512_torchs_own_attention_does_what_it_can_without_a_mask(monkeypatch, of, engine_name: str) -> None:
    monkeypatch.setattr(engine, "_HAS_AVX512", False)
    assert type(dispatch._choose(of, "auto")).__name__ == engine_name
    monkeypatch.setattr(engine, "_HAS_AVX512", True)
    assert type(dispatch._choose(of, "auto")).__name__ == "Cpu"


def test_without_avx512_statistics_still_come_from_the_fused_engine(monkeypatch) -> None:
    """SDPA has no weights to collect them from."""
    monkeypatch.setattr(engine, "_HAS_AVX512", False)
    of = problem(bounds=Bounds(521, 521))
    assert isinstance(dispatch._choose(of, "auto"), Sdpa)
    assert isinstance(dispatch._expect_weights(dispatch._choose(of, "auto"), of, "auto"), Cpu)


def test_both_kinds_of_processor_give_the_same(monkeypatch) -> None:
    of = problem(bounds=Bounds(521, 521, right=0))
    wide = dispatch.attend(of, of.y)
    monkeypatch.setattr(engine, "_HAS_AVX512", False)
    torch.testing.assert_close(dispatch.attend(of, of.y), wide, rtol=1e-4, atol=1e-5)


# Engines that fail ----------------------------------------------------------------------------------------------------

LARGE = {
    "attend": lambda of, engine: dispatch.attend(of, of.y, engine),
    "align": dispatch.align,
    "select": lambda of, engine: dispatch.select(of, of.y, engine).log_probability,
    "survey": lambda of, engine: dispatch.survey(of, of.y, StatsRequest(), engine=engine).context,
}


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fused engine whose compiler or driver fails at the first call."""

    def fail(*arguments, **options):
        raise OSError("no C compiler found")

    monkeypatch.setattr("heedful.kernel.cpu.launch.attend", fail)
    monkeypatch.setattr("heedful.kernel.cpu.launch.survey", fail)
    monkeypatch.setattr(dispatch, "_failed", set())


@pytest.mark.usefixtures("broken")
@pytest.mark.parametrize("function", LARGE)
def test_where_an_engine_fails_another_takes_over_with_one_warning(function: str) -> None:
    of = problem(bounds=Bounds(521, 521, left=1, right=1), choice=Hard() if function in ("align", "select") else None)
    with pytest.warns(
        RuntimeWarning, match=r"'cpu' failed on this machine \(OSError: no C compiler found\).*takes over"
    ):
        found = LARGE[function](of, "auto")
    torch.testing.assert_close(LARGE[function](of, "auto"), found)  # a second warning would be an error
    torch.testing.assert_close(found, LARGE[function](of, "plain"))
    assert type(dispatch._choose(of, "auto")) is Plain


@pytest.mark.usefixtures("broken")
@pytest.mark.parametrize("function", LARGE)
def test_an_engine_that_was_named_fails_with_its_reason(function: str) -> None:
    of = problem(bounds=Bounds(521, 521, left=1, right=1), choice=Hard() if function in ("align", "select") else None)
    with pytest.raises(EngineFailure, match=r"'cpu' failed .*no C compiler found.*engine='plain'") as caught:
        LARGE[function](of, "cpu")
    assert isinstance(caught.value, EngineError)
    assert isinstance(caught.value.__cause__, OSError)


def test_no_memory_is_no_failure_of_an_engine(monkeypatch) -> None:
    def fail(*arguments, **options):
        raise MemoryError

    monkeypatch.setattr("heedful.kernel.cpu.launch.attend", fail)
    of = problem(bounds=Bounds(521, 521))
    with pytest.raises(MemoryError):
        dispatch.attend(of, of.y)


@pytest.mark.parametrize("function", ["attend", "select"])
def test_where_a_backward_pass_fails_plain_torch_computes_the_gradient(function: str, monkeypatch) -> None:
    def learn(engine: str) -> tuple[torch.Tensor, ...]:
        choice = Hard() if function == "select" else None
        of = problem(Tanh(torch.linspace(-1, 1, 3)), Bounds(7, 9, left=1, right=2), choice, learns=True)
        torch.manual_seed(1)
        of.x.data.normal_(), of.y.normal_()
        found = LARGE[function](of, engine)
        return torch.autograd.grad(found.square().sum(), of.x)

    expected = learn("plain")
    torch.testing.assert_close(learn("cpu"), expected)

    def fail(*arguments, **options):
        raise RuntimeError("out of resource: shared memory")

    monkeypatch.setattr("heedful.kernel.cpu.launch.attend_backward", fail)
    with pytest.warns(RuntimeWarning, match=r"out of resource: shared memory.*It computes this gradient"):
        found = learn("cpu")
    torch.testing.assert_close(found, expected)


@pytest.mark.usefixtures("broken")
def test_statistics_of_a_processor_without_avx512_fall_back_once_too(monkeypatch) -> None:
    """There SDPA would attend, and the fused engine collects statistics: it is the one that is left out."""
    monkeypatch.setattr(engine, "_HAS_AVX512", False)
    of = problem(bounds=Bounds(521, 521))
    with pytest.warns(RuntimeWarning, match="'cpu' failed"):
        found = dispatch.survey(of, of.y, StatsRequest()).context
    torch.testing.assert_close(dispatch.survey(of, of.y, StatsRequest()).context, found)
    assert isinstance(dispatch._choose(of, "auto"), Sdpa)
