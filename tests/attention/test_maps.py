"""Maps too large to keep say what the map itself says: in blocks, pooled, row by row, by every engine that can."""

import pytest
import torch

from heedful import (
    Additive,
    Causal,
    Concat,
    Dot,
    Everywhere,
    Hard,
    Memory,
    Padding,
    Predicted,
    Soft,
    Sparse,
    StatsRequest,
    TopK,
    Window,
    align,
    align_blocks,
    attend,
    kernel,
    survey,
)
from heedful.attention.problem import AttentionSpec, build_problem
from heedful.shapes import ShapeError
from heedful.testing.variants import CHOICES, REGIONS, SCORES, Sizes, make_region, make_score

QUERIES, KEYS = 41, 37


def draw(*shape: int, seed: int = 1, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def question(score: str, region: str, choice: str, dtype: torch.dtype):
    case = SCORES[score]
    query, key, value = draw(3, QUERIES, case.query_dim), draw(3, KEYS, case.key_dim, seed=2), draw(3, KEYS, 2, seed=3)
    keep = torch.rand(3, KEYS, generator=torch.Generator().manual_seed(4)) > 0.2
    where = make_region(region, Sizes((3,), QUERIES, KEYS, case.query_dim), dtype)
    spec = AttentionSpec(make_score(score, dtype), where, CHOICES[choice](), keep)
    return build_problem(query.to(dtype), Memory(key.to(dtype), value.to(dtype)), spec)


def pooled(weights: torch.Tensor, rows: int, columns: int) -> torch.Tensor:
    """The definition: the mean over a block's queries of their weight on a block of keys."""
    (queries, keys), mass = weights.shape[-2:], weights.new_zeros(*weights.shape[:-2], rows, columns)
    for i in range(rows):
        for j in range(columns):
            own = slice(i * queries // rows, (i + 1) * queries // rows)
            block = weights[..., own, j * keys // columns : (j + 1) * keys // columns]
            mass[..., i, j] = block.sum(-1).mean(-1) if own.stop > own.start else 0.0
    return mass


@pytest.mark.parametrize("score", ["additive", "concat", "callable"])
@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("choice", ["soft", "sparsemax", "top-2"])
def test_the_plain_engine_says_in_short_what_the_map_says(score, region, choice, monkeypatch):
    asked = question(score, region, choice, torch.float64)
    weights = kernel.align(asked.problem, "plain")
    for block_floats in (1 << 23, 500):
        plain = kernel.Plain(block_floats)
        found = plain.survey(asked.problem, asked.value, kernel.StatsRequest((4, 5), best=3))
        torch.testing.assert_close(found.context, weights @ asked.value, rtol=0, atol=1e-12)
        torch.testing.assert_close(found.mass, pooled(weights, 4, 5) if weights.shape[-2] > 1 else found.mass)
        best = weights.topk(3, dim=-1)
        torch.testing.assert_close(found.weight, best.values, rtol=0, atol=1e-12)
        chosen = weights.gather(-1, found.index.clamp_min(0))
        torch.testing.assert_close(chosen * (found.index >= 0), best.values, rtol=0, atol=1e-12)
        blocks = torch.cat([block for _, block in plain.stream(asked.problem, 7)], dim=-2)
        torch.testing.assert_close(blocks, weights, rtol=0, atol=1e-12)


@pytest.mark.parametrize("score", ["dot", "additive", "concat"])
@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("grid", [(4, 5), (60, 70), (1, 1), (0, 0)], ids=str)
def test_the_fused_engine_says_the_same(score, region, grid):
    check_survey("cpu", score, region, grid)


def check_survey(engine: str, score: str, region: str, grid: tuple[int, int]) -> None:
    """In float32, against float64; weights that lie within rounding of each other may change places."""
    exact, asked = (question(score, region, "soft-sharp", dtype) for dtype in (torch.float64, torch.float32))
    request = kernel.StatsRequest(grid, best=3)
    truth = kernel.survey(exact.problem, exact.value, request, engine="plain")
    found = kernel.survey(asked.problem, asked.value, request, engine=engine)
    for name in ("context", "mass", "weight", "entropy"):
        own, true = getattr(found, name), getattr(truth, name)
        assert torch.allclose(own.double(), true, rtol=1e-5, atol=2e-6), name
    weights = kernel.align(exact.problem, "plain")
    chosen = weights.gather(-1, found.index.clamp_min(0)) * (found.index >= 0)
    torch.testing.assert_close(chosen, truth.weight, rtol=1e-5, atol=2e-6)
    for row in found.index.flatten(0, -2).tolist():
        named = [key for key in row if key >= 0]
        assert len(named) == len(set(named))


def test_the_context_of_a_survey_learns_and_the_map_does_not():
    score = Additive(8, 8, 8)
    query, key = draw(1, 200, 8, dtype=torch.float32).requires_grad_(), draw(1, 300, 8, dtype=torch.float32)
    found = survey(query, key, score=score, request=StatsRequest((4, 4), best=2))
    plain = attend(query, key, score=score, engine="plain")
    slopes, expected = (torch.autograd.grad(each.square().sum(), query)[0] for each in (found.context, plain))
    torch.testing.assert_close(slopes, expected, rtol=1e-4, atol=1e-5)
    assert not any(each.requires_grad for each in found[1:])


def test_words_of_every_kind_reach_the_map():
    torch.manual_seed(1)
    query, key = draw(2, 3, 30, 8), draw(2, 3, 50, 8)
    keep = torch.rand(2, 3, 50) > 0.3
    for score in (Dot(), Additive(8, 8, 4).double(), Concat(8, 8).double()):
        padding, predicted = Padding(torch.tensor([20, 0])), Predicted(8, 4, 5.0).double()
        for region in (Everywhere(), Causal(), Window(4), padding, predicted):
            for choice in (Soft(), Hard(), Sparse(TopK(2))):
                spec = {"score": score, "region": region, "choice": choice, "keep": keep}
                weights = align(query, key, **spec)
                found = survey(query, key, request=StatsRequest((3, 4), best=1, context=False), **spec)
                assert found.context.shape[-1] == 0
                torch.testing.assert_close(found.mass, pooled(weights, 3, 4))
                torch.testing.assert_close(found.weight[..., 0], weights.amax(-1))
                parts = list(align_blocks(query, key, rows=11, **spec))
                assert [(rows.start, rows.stop) for rows, _ in parts] == [(0, 11), (11, 22), (22, 30)]
                torch.testing.assert_close(torch.cat([part for _, part in parts], dim=-2), weights)


def test_the_entropy_by_hand():
    """Weights 1 / 2, 1 / 4, 1 / 4: one and a half bits."""
    key = torch.tensor([[0.0], [-0.5], [-0.5]]) * 2 * torch.tensor(2.0).log()
    found = survey(torch.ones(1, 1), key, score=Dot(1.0), request=StatsRequest(best=5, context=False))
    torch.testing.assert_close(found.entropy, 1.5 * torch.tensor([2.0]).log())
    assert found.index.shape == (1, 3)
    assert found.index[0, 0] == 0


@pytest.mark.parametrize(("queries", "keys"), [(0, 5), (5, 0), (0, 0)])
def test_empty_axes(queries, keys):
    query, key = torch.randn(2, queries, 4), torch.randn(2, keys, 4)
    for score in (Dot(), Concat(4, 4)):
        found = survey(query, key, score=score, request=StatsRequest((2, 3), best=2))
        assert found.mass.shape == (2, 2, 3)
        assert bool((found.mass == 0).all())
        assert found.index.shape == (2, queries, min(2, keys))
        assert bool((found.entropy == 0).all())


def test_bad_requests_are_refused():
    query = torch.randn(3, 4)
    with pytest.raises(ShapeError, match=r"grid is \(-1, 2\), expected \(rows, columns\)"):
        survey(query, query, request=StatsRequest((-1, 2)))
    with pytest.raises(ValueError, match="best is -1, expected the number of keys"):
        survey(query, query, request=StatsRequest(best=-1))
    with pytest.raises(ValueError, match="rows is 0, expected at least 1 query"):
        next(align_blocks(query, query, rows=0))
    asked = question("dot", "everywhere", "soft", torch.float32)
    with pytest.raises(kernel.EngineError, match="'sdpa' cannot do this: it keeps no weights"):
        kernel.survey(asked.problem, asked.value, kernel.StatsRequest(), engine="sdpa")


def test_a_survey_without_a_context_has_no_gradient_and_reads_no_values():
    query, key = torch.randn(3, 4, requires_grad=True), torch.randn(5, 4)
    value = torch.full((5, 2), torch.nan)
    found = survey(query, key, value, request=StatsRequest((1, 2), best=1, context=False))
    assert not any(each.requires_grad for each in found)
    assert bool(found.mass.isfinite().all())
    torch.testing.assert_close(found.mass, survey(query, key, request=StatsRequest((1, 2))).mass)
