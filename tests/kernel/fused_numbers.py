"""Numbers that are hard, for every fused engine: far apart, huge, not numbers, left over in memory, in odd layouts.

The test files of an engine import these tests, and say which engine it is by a fixture `engine`.
"""

import os

import pytest
import torch

from heedful import Additive, Dot, Padding, Predicted, Window, attend
from heedful.testing.tolerance import OverBudget, error, within_budget

DOT = Dot(scale=1.0)
HIDDEN = 5 if os.environ.get("TRITON_INTERPRET") else 21
"""Channels of the tanh: Triton's interpreter takes as long for each, and two groups of four are what a loop needs."""


def additive(width: int = 24, hidden: int = HIDDEN) -> Additive:
    torch.manual_seed(1)
    return Additive(width, width, hidden)


def draw(*shape: int, seed: int = 1) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def learn(score, query, key, value, *, engine: str, dtype=torch.float32, **words) -> list[torch.Tensor]:
    """The context and its gradients: query, key, value and what the score learns."""
    own, region = score.to(dtype), words.get("region")
    if isinstance(region, torch.nn.Module):
        region.to(dtype)
    tensors = [tensor.detach().to(dtype).requires_grad_() for tensor in (query, key, value)]
    context = attend(*tensors, score=own, engine=engine, **words)
    above = draw(*context.shape, seed=3).to(dtype)
    found = [context.detach(), *torch.autograd.grad(context, [*tensors, *own.parameters()], above)]
    score.to(torch.float32)
    return found


def compare(engine, score, query, key, value, **words) -> None:
    """Context and gradients are within the budget of plain torch at the same precision."""
    found = learn(score, query, key, value, engine=engine, **words)
    reference = learn(score, query, key, value, engine="plain", **words)
    exact = learn(score, query, key, value, engine="plain", dtype=torch.float64, **words)
    names = ["context", "query", "key", "value", *(name for name, _ in score.named_parameters())]
    for name, own, other, true in zip(names, found, reference, exact, strict=True):
        within_budget(own, other, true, name=name)


def compare_together(engine, score, query, key, value, **words) -> None:
    """The same with one budget for all gradients, no one of which is far off.

    Where terms cancel, or a gradient is a single number, a reference may be right by luck.
    """
    found = learn(score, query, key, value, engine=engine, **words)
    reference = learn(score, query, key, value, engine="plain", **words)
    exact = learn(score, query, key, value, engine="plain", dtype=torch.float64, **words)
    names = ["query", "key", "value", *(name for name, _ in score.named_parameters())]
    within_budget(found[0], reference[0], exact[0], name="context")
    for name, own, other, true in zip(names, found[1:], reference[1:], exact[1:], strict=True):
        assert error(own, true) <= 1e-4 * float(true.abs().max()) + 1e-5 + 2 * error(other, true), name
    joined = (torch.cat([each.flatten() for each in tensors[1:]]) for tensors in (found, reference, exact))
    within_budget(*joined, name="gradients")


def test_the_comparison_sees_an_error_of_a_thousandth(engine, monkeypatch):
    """`compare` asserts by raising; this is what it raises."""
    right = attend

    def wrong(*tensors, engine: str, **words):
        return right(*tensors, engine=engine, **words) * (1.0 if engine == "plain" else 1.001)

    monkeypatch.setitem(globals(), "attend", wrong)
    with pytest.raises(OverBudget, match="context"):
        compare(engine, additive(), draw(2, 5, 24), draw(2, 7, 24, seed=2), draw(2, 7, 3, seed=4))


@pytest.mark.parametrize("far", [4.0, 7.0, 10.0, 100.0, 1e4])
def test_features_far_apart(engine, far):
    """Products of several pass what float32 holds; from 40 on features are centred, or each pair computed by itself."""
    compare(engine, additive(), far * draw(2, 13, 24), far * draw(2, 31, 24, seed=2), draw(2, 31, 8, seed=4))


@pytest.mark.parametrize("scale", [1e2, 1e4])
def test_huge_scores(engine, scale):
    """Weights are then 0 and 1 but for rounding, and one draw says little: the median of many is held to the budget."""
    ratios = []
    for seed in range(15):
        score = additive()
        with torch.no_grad():
            score.weight.mul_(scale)
        tensors = [draw(2, n, width, seed=3 * seed + i) for i, (n, width) in enumerate([(13, 24), (31, 24), (31, 8)])]
        exact, plain, own = (
            attend(*(each.to(dtype) for each in tensors), score=score.to(dtype), engine=engine).detach()
            for dtype, engine in ((torch.float64, "plain"), (torch.float32, "plain"), (torch.float32, engine))
        )
        assert own.isfinite().all()
        ratios.append(float((own - exact).norm() / (plain - exact).norm().clamp_min(1e-7)))
    assert sorted(ratios)[7] <= 2


@pytest.mark.parametrize("score", [DOT, additive()], ids=["dot", "additive"])
@pytest.mark.parametrize("rows", [1, 19])
def test_keep_of_every_shape(engine, score, rows):
    keep = torch.rand(3, 1, rows, 35) > 0.6
    keep[1] = False
    tensors = draw(3, 2, 19, 24), draw(3, 1, 35, 24, seed=2), draw(3, 1, 35, 5, seed=4)
    compare_together(engine, score, *tensors, keep=keep if rows > 1 else keep.expand(3, 2, 1, 35))
    compare_together(engine, score, *tensors, keep=keep[:1], region=Window(2))


@pytest.mark.parametrize("score", [DOT, additive()], ids=["dot", "additive"])
def test_a_gate_and_a_keep_together(engine, score):
    torch.manual_seed(2)
    region = Predicted(24, 4, 3.0) & Padding(torch.tensor([5, 31]))
    keep = torch.rand(2, 13, 31) > 0.3
    compare_together(
        engine, score, draw(2, 13, 24), draw(2, 31, 24, seed=2), draw(2, 31, 8, seed=4), region=region, keep=keep
    )


@pytest.mark.parametrize("score", [DOT, additive()], ids=["dot", "additive"])
def test_a_query_that_is_not_a_number_spoils_its_own_row_alone(engine, score):
    query, memory = draw(1, 20, 24), draw(1, 300, 24, seed=2)
    clean = attend(query, memory, score=score, engine=engine)
    query[0, 3, 5] = torch.nan
    found = attend(query, memory, score=score, engine=engine)
    assert found[0, 3].isnan().all()
    others = [t for t in range(20) if t != 3]
    torch.testing.assert_close(found[0, others], clean[0, others], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("score", [DOT, additive()], ids=["dot", "additive"])
@pytest.mark.parametrize("place", ["query", "key", "value"])
@pytest.mark.parametrize("number", [torch.nan, torch.inf])
def test_what_is_no_number_spoils_the_rows_that_see_it_and_no_others(engine, score, place, number):
    """Forward and backward: rows that do not see it are what they are without it, whatever comes down to the others."""
    if place != "value" and score is not DOT and number == torch.inf:
        return  # tanh of infinity is a number
    clean = [draw(2, 40, 24), draw(2, 40, 24, seed=2), draw(2, 40, 3, seed=4)]
    above = draw(2, 40, 3, seed=5)
    keep = torch.ones(2, 40, 40, dtype=torch.bool)
    keep[1, 30] = False
    sees, reached = torch.zeros(2, 2, 40, dtype=torch.bool)
    sees[1, [20] if place == "query" else range(17, 24)] = True
    reached[1, range(17, 24) if place == "query" else range(14, 27)] = True  # what these rows see

    def learn(tensors: list[torch.Tensor], above: torch.Tensor) -> list[torch.Tensor]:
        inputs = [tensor.clone().requires_grad_() for tensor in tensors]
        context = attend(*inputs, score=score, region=Window(3), keep=keep, engine=engine)
        return [context.detach(), *torch.autograd.grad(context, inputs, above)]

    dirty = [tensor.clone() for tensor in clean]
    dirty[["query", "key", "value"].index(place)][1, 20, 1] = number
    found = learn(dirty, above.masked_fill(sees.unsqueeze(-1), torch.nan))
    expected = learn(clean, above.masked_fill(sees.unsqueeze(-1), 0.0))
    assert torch.equal(found[0].isnan().all(-1), sees)
    assert torch.equal(found[1].isnan().all(-1), sees)
    for slope, true in zip(found[2:], expected[2:], strict=True):
        assert torch.equal(slope.isnan().all(-1), reached)
        torch.testing.assert_close(slope[~reached], true[~reached])
    for own, true in zip(found[:2], expected[:2], strict=True):
        torch.testing.assert_close(own[~sees], true[~sees])


def test_nothing_is_left_of_what_was_in_memory_before(engine, monkeypatch):
    """Buffers come filled with NaN; whatever is not written would show."""
    fresh, alike = torch.Tensor.new_empty, torch.empty_like

    def poisoned(tensor: torch.Tensor) -> torch.Tensor:
        return tensor.fill_(torch.nan) if tensor.is_floating_point() else tensor

    monkeypatch.setattr(torch.Tensor, "new_empty", lambda *a, **k: poisoned(fresh(*a, **k)))
    monkeypatch.setattr(torch, "empty_like", lambda *a, **k: poisoned(alike(*a, **k)))
    torch.manual_seed(2)
    for region in (Window(2), Predicted(24, 4, 3.0)):  # with rows that see nothing among them
        for score in (additive(), DOT):
            tensors = draw(3, 33, 24), draw(3, 31, 24, seed=2), draw(3, 31, 7, seed=4)
            compare(engine, score, *tensors, region=region & Padding(torch.tensor([0, 7, 31])))


@pytest.mark.parametrize("score", [DOT, additive()], ids=["dot", "additive"])
def test_every_run_is_the_same(engine, score):
    tensors = draw(2, 70, 24), draw(1, 70, 24, seed=2), draw(1, 70, 9, seed=4)
    first, second = (learn(score, *tensors, engine=engine) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        assert torch.equal(one, other)


def test_layouts_that_are_not_contiguous_and_keys_that_heads_share(engine):
    score = additive(hidden=21)
    query = draw(24, 9, 2, 3).permute(3, 2, 1, 0)
    key, value = draw(3, 24, 1, 11, seed=2).permute(0, 2, 3, 1), draw(3, 1, 22, 7, seed=4)[:, :, ::2]
    compare(engine, score, query, key, value)
    compare(engine, score, query, key[:1], value)  # more axes that broadcast
    keep = draw(3, 1, 9, 11, seed=5) > 0
    compare(engine, DOT, query, key, value, keep=keep)


@pytest.mark.parametrize(("queries", "keys", "width"), [(0, 5, 3), (5, 0, 3), (5, 4, 0)])
def test_empty_axes(engine, queries, keys, width):
    for score in (DOT, additive()):
        query, key = draw(2, queries, 24).requires_grad_(), draw(2, keys, 24, seed=2).requires_grad_()
        context = attend(query, key, draw(2, keys, width), score=score, engine=engine)
        assert context.shape == (2, queries, width)
        assert bool((context == 0).all())
        context.sum().backward()
        assert bool((query.grad == 0).all())
        assert bool((key.grad == 0).all())
