"""Law 7 and 8: engines agree within the budget of plain torch, and refuse what they cannot do."""

from collections.abc import Sequence
from itertools import product

import pytest
import torch

from heedful.kernel import EngineError, Plain, dispatch
from heedful.testing import Mechanism, OverBudget, Sample
from heedful.testing.budget import check_engine
from heedful.testing.variants import CHOICES, REGIONS, SCORES, Sizes, make_region, make_score

INNER = ("dot", "general", "cosine", "concat", "location")
KNOWN = (*INNER, "additive")
UNGATED = tuple(name for name in REGIONS if "predicted" not in name)
DETERMINISTIC = ("soft", "soft-sharp", "argmax", "sparsemax", "entmax15", "top-2")
HALF = (torch.bfloat16, torch.float16)


def build(score: str, region: str, choice: str, engine: str, dtype: torch.dtype, lengths: tuple[int, int] = (11, 13)):
    case = SCORES[score]
    sample = Sample.draw(case.query_dim, case.key_dim, queries=lengths[0], keys=lengths[1], keep=True).to(dtype)
    built = make_region(region, Sizes((3,), *lengths, case.query_dim), dtype)
    return Mechanism(make_score(score, dtype), built, CHOICES[choice](), engine), sample


def diagonal(step: int, *axes: Sequence[str]) -> list[tuple[str, ...]]:
    """Every `step`-th combination of the product, slanted, so that every pair of two axes comes up."""
    grid = product(*(enumerate(axis) for axis in axes))
    return [tuple(name for _, name in cell) for cell in grid if sum(number for number, _ in cell) % step == 0]


@pytest.mark.parametrize(("score", "region", "choice"), diagonal(4, list(SCORES), list(REGIONS), DETERMINISTIC))
def test_plain_in_float32(score: str, region: str, choice: str) -> None:
    check_engine(*build(score, region, choice, "plain", torch.float32, (17, 7) if choice == "soft" else (11, 13)))


@pytest.mark.parametrize(("dtype", "score", "region"), diagonal(2, ["float32", "bfloat16", "float16"], INNER, UNGATED))
def test_sdpa(score: str, region: str, dtype: str) -> None:
    check_engine(*build(score, region, "soft", "sdpa", getattr(torch, dtype)))


@pytest.mark.parametrize(
    ("dtype", "choice", "score", "region"),
    diagonal(2, ["float32", "bfloat16", "float16"], ["soft", "soft-sharp"], KNOWN, list(REGIONS)),
)
def test_cpu(score: str, region: str, choice: str, dtype: str) -> None:
    check_engine(*build(score, region, choice, "cpu", getattr(torch, dtype)))


@pytest.mark.parametrize("lengths", [(1, 1), (1, 13), (13, 1), (17, 16), (16, 17), (37, 31), (40, 41)], ids=str)
@pytest.mark.parametrize("region", ["causal", "window & causal", "predicted & causal & padding"])
def test_cpu_in_sizes_that_no_tile_divides(region: str, lengths: tuple[int, int]) -> None:
    for score in KNOWN:
        check_engine(*build(score, region, "soft", "cpu", torch.float32, lengths))


@pytest.mark.parametrize(
    ("dtype", "score", "region"), diagonal(4, ["bfloat16", "float16"], list(SCORES), list(REGIONS))
)
def test_plain_in_half_precision(score: str, region: str, dtype: str) -> None:
    check_engine(*build(score, region, "soft", "plain", getattr(torch, dtype)))


@pytest.mark.parametrize("dtype", HALF, ids=str)
@pytest.mark.parametrize("choice", ["sparsemax", "entmax15"])
def test_sparse_in_half_precision(choice: str, dtype: torch.dtype) -> None:
    for score in ("dot", "additive"):
        check_engine(*build(score, "causal", choice, "plain", dtype), gradient=False)


@pytest.mark.parametrize("engine", ["auto", "plain", "cpu", "sdpa"])
def test_the_check_sees_a_wrong_scale(engine: str) -> None:
    mechanism, sample = build("dot", "causal", "soft", engine, torch.float32)

    def wrong(query, key, value, **words):
        return mechanism.attend(query * 1.001, key, value, **words)

    broken = Mechanism(mechanism.score, mechanism.region, mechanism.choice, engine, attend=wrong)
    with pytest.raises(OverBudget, match="context"):
        check_engine(broken, sample)


def test_the_check_sees_a_wrong_gradient() -> None:
    mechanism, sample = build("additive", "window", "soft", "plain", torch.float32)

    def wrong(query, key, value, **words):
        context = mechanism.attend(query, key, value, **words)
        return context + (value.sum(-2, keepdim=True) - value.sum(-2, keepdim=True).detach()) * 1e-3

    broken = Mechanism(mechanism.score, mechanism.region, mechanism.choice, "plain", attend=wrong)
    with pytest.raises(OverBudget, match="gradient of value"):
        check_engine(broken, sample)


def test_the_check_sees_a_wrong_gradient_where_the_right_one_cancels_to_zero() -> None:
    """A softmax removes what is the same for all keys of a query, so that `query_weight` learns nothing."""
    mechanism, sample = build("concat", "window-centred", "soft", "plain", torch.float32)

    def wrong(query, key, value, **words):
        extra = (query.detach() @ mechanism.score.query_weight).unsqueeze(-1)
        return mechanism.attend(query, key, value, **words) + (extra - extra.detach()) * 1e-4

    broken = Mechanism(mechanism.score, mechanism.region, mechanism.choice, "plain", attend=wrong)
    with pytest.raises(OverBudget, match=r"gradient of score\.query_weight"):
        check_engine(broken, sample)


@pytest.mark.usefixtures("unchecked_shapes")  # a chunk has the shapes of a whole, which the tests above check
@pytest.mark.parametrize("choice", [*DETERMINISTIC, "straight-through"])
@pytest.mark.parametrize("region", REGIONS)
def test_chunks_change_nothing(region: str, choice: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for score in ("additive", "callable", "general"):
        mechanism, sample = build(score, region, choice, "plain", torch.float64)
        whole = mechanism.context(sample), mechanism.weights(sample)
        with monkeypatch.context() as patch:
            tiny = Plain(block_floats=200)
            patch.setitem(dispatch._ENGINES, "plain", tiny)
            patch.setattr(dispatch, "_PLAIN", tiny)
            chunked = mechanism.context(sample), mechanism.weights(sample)
            with torch.no_grad():
                quiet = mechanism.context(sample), mechanism.weights(sample)
        for before, after, still in zip(whole, chunked, quiet, strict=True):
            torch.testing.assert_close(before, after, rtol=0, atol=1e-12)
            torch.testing.assert_close(before, still, rtol=0, atol=1e-12)


def test_gradients_through_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    tiny = Plain(block_floats=200)
    monkeypatch.setitem(dispatch._ENGINES, "plain", tiny)
    for score, region in product(("additive", "general"), ("causal", "window", "predicted & padding")):
        check_engine(*build(score, region, "soft", "plain", torch.float32))


@pytest.mark.parametrize(
    ("engine", "score", "region", "choice", "reason"),
    [
        ("cpu", "callable", "everywhere", "soft", "a callable of your own"),
        ("cpu", "additive", "everywhere", "sparsemax", "choices it supports are Soft"),
        ("cpu", "additive", "everywhere", "soft", "float32, and this is float64"),
        ("sdpa", "additive", "everywhere", "soft", "it computes inner products"),
        ("sdpa", "callable", "everywhere", "soft", "it computes inner products"),
        ("sdpa", "dot", "everywhere", "sparsemax", "choice it supports is Soft"),
        ("sdpa", "dot", "everywhere", "argmax", "choice it supports is Soft"),
        ("sdpa", "dot", "predicted", "soft", "cannot gate"),
    ],
)
def test_an_engine_refuses_and_auto_serves(engine: str, score: str, region: str, choice: str, reason: str) -> None:
    mechanism, sample = build(score, region, choice, engine, torch.float64)
    with pytest.raises(EngineError, match=reason):
        mechanism.context(sample)
    plain, auto = (build(score, region, choice, other, torch.float64)[0] for other in ("plain", "auto"))
    torch.testing.assert_close(plain.context(sample), auto.context(sample))


def test_an_unknown_engine_is_refused_by_name() -> None:
    mechanism, sample = build("dot", "everywhere", "soft", "warp", torch.float64)
    with pytest.raises(EngineError, match="'warp' is unknown: choose one of auto, plain, cpu, gpu, sdpa"):
        mechanism.context(sample)
