"""The fused CPU engine on numbers that are hard: far apart, huge, not numbers, left over in memory, in odd layouts."""

import pytest
import torch

from heedful import Additive, Causal, Dot, Padding, Predicted, Window, attend
from heedful.kernel import EngineError
from heedful.kernel.cpu import ops, run
from heedful.kernel.cpu.forms import Direct, Factored
from heedful.testing.tolerance import OverBudget, within_budget

DOT = Dot(scale=1.0)


def additive(width: int = 24, hidden: int = 20) -> Additive:
    torch.manual_seed(1)
    return Additive(width, width, hidden)


def draw(*shape: int, seed: int = 1) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def compare(score, query, key, value, **words) -> None:
    """The engine's context and gradients are within the budget of plain torch at the same precision."""
    found = []
    for engine, dtype in (("cpu", torch.float32), ("plain", torch.float32), ("plain", torch.float64)):
        own = score.to(dtype)
        tensors = [tensor.detach().to(dtype).requires_grad_() for tensor in (query, key, value)]
        context = attend(*tensors, score=own, engine=engine, **words)
        above = draw(*context.shape, seed=3).to(dtype)
        found.append([context, *torch.autograd.grad(context, [*tensors, *own.parameters()], above)])
    score.to(torch.float32)
    names = ["context", "query", "key", "value", *(name for name, _ in score.named_parameters())]
    for name, actual, reference, exact in zip(names, *found, strict=True):
        within_budget(actual.detach(), reference.detach(), exact.detach(), name=name)


def test_the_comparison_sees_an_error_of_a_thousandth(monkeypatch):
    """`compare` asserts by raising; this is what it raises."""
    right = attend

    def wrong(*tensors, engine, **words):
        return right(*tensors, engine=engine, **words) * (1.001 if engine == "cpu" else 1.0)

    monkeypatch.setitem(globals(), "attend", wrong)
    with pytest.raises(OverBudget, match="context"):
        compare(additive(), draw(2, 5, 24), draw(2, 7, 24, seed=2), draw(2, 7, 3, seed=4))


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (17, 257), (64, 4097)], ids=str)
def test_sizes_at_the_edges_of_tiles(size):
    queries, keys = size
    compare(additive(), draw(2, queries, 24), draw(2, keys, 24, seed=2), draw(2, keys, 19, seed=4))
    compare(DOT, draw(2, queries, 24), draw(2, keys, 24, seed=2), draw(2, keys, 19, seed=4), region=Causal())


@pytest.mark.parametrize("far", [4.0, 7.0, 10.0, 100.0, 1e4])
def test_features_far_apart(far):
    """Products of several pass what float32 holds; from 40 on features are centred, or each pair computed by itself."""
    score = additive()
    compare(score, far * draw(2, 13, 24), far * draw(2, 31, 24, seed=2), draw(2, 31, 8, seed=4))


def test_features_all_far_on_one_side_are_centred():
    x, y = draw(1, 9, 4) + 90, draw(1, 4, 11) - 91
    form, a, b = run._factored(x, y)
    assert form is Factored
    product = a.unsqueeze(-1) * b.unsqueeze(1)
    torch.testing.assert_close(product, (2 * (x.unsqueeze(-1) + y.unsqueeze(1))).exp(), rtol=1e-4, atol=0)
    assert run._factored(100 * x, y)[0] is Direct


@pytest.mark.parametrize("scale", [1e2, 1e4])
def test_huge_scores(scale):
    """Weights are then 0 and 1 but for rounding, and one draw says little: the median of many is held to the budget."""
    ratios = []
    for seed in range(15):
        score = additive()
        with torch.no_grad():
            score.weight.mul_(scale)
        tensors = [draw(2, n, width, seed=3 * seed + i) for i, (n, width) in enumerate([(13, 24), (31, 24), (31, 8)])]
        exact, plain, own = (
            attend(*(each.to(dtype) for each in tensors), score=score.to(dtype), engine=engine).detach()
            for dtype, engine in ((torch.float64, "plain"), (torch.float32, "plain"), (torch.float32, "cpu"))
        )
        assert own.isfinite().all()
        ratios.append(float((own - exact).norm() / (plain - exact).norm().clamp_min(1e-7)))
    assert sorted(ratios)[7] <= 2


@pytest.mark.parametrize("score", [DOT, additive()], ids=["dot", "additive"])
def test_a_query_that_is_not_a_number_spoils_its_own_row_alone(score):
    query, memory = draw(1, 20, 24), draw(1, 300, 24, seed=2)
    clean = attend(query, memory, score=score, engine="cpu")
    query[0, 3, 5] = torch.nan
    found = attend(query, memory, score=score, engine="cpu")
    assert found[0, 3].isnan().all()
    others = [t for t in range(20) if t != 3]
    torch.testing.assert_close(found[0, others], clean[0, others], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("score", [DOT, additive()], ids=["dot", "additive"])
def test_a_key_that_is_not_a_number_spoils_the_rows_that_see_it(score):
    query, key = draw(1, 40, 24), draw(1, 40, 24, seed=2)
    key[0, 20, 1] = torch.nan
    found = attend(query, key, draw(1, 40, 3), score=score, region=Window(3), engine="cpu").isnan().any(-1)[0]
    assert found.nonzero().flatten().tolist() == list(range(17, 24))


def test_nothing_is_left_of_what_was_in_memory_before(monkeypatch):
    """Buffers come filled with NaN; whatever is not written would show."""
    fresh = torch.Tensor.new_empty
    monkeypatch.setattr(torch.Tensor, "new_empty", lambda *a, **k: fresh(*a, **k).fill_(torch.nan))
    region = Window(2) & Padding(torch.tensor([0, 7, 31]))  # rows that see nothing among them
    compare(additive(), draw(3, 33, 24), draw(3, 31, 24, seed=2), draw(3, 31, 7, seed=4), region=region)


def test_one_thread_and_two_agree_and_every_run_is_the_same():
    score, tensors = additive(), [draw(1, 300, 24).requires_grad_(), draw(1, 300, 24, seed=2).requires_grad_()]

    def run() -> list[torch.Tensor]:
        context = attend(*tensors, score=score, engine="cpu")
        return [context, *torch.autograd.grad(context.square().sum(), [*tensors, *score.parameters()])]

    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        one = run()
        torch.set_num_threads(2)
        two, again = run(), run()
    finally:
        torch.set_num_threads(before)
    for first, second, third in zip(one, two, again, strict=True):
        torch.testing.assert_close(first, second, rtol=1e-4, atol=1e-4)
        assert torch.equal(second, third)


@pytest.mark.parametrize("queries", [1, 33])
def test_scores_that_are_kept_and_scores_computed_again_are_the_same(queries, monkeypatch):
    score, region = additive(), Predicted(24, 4, 300.0) & Padding(torch.tensor([0, 529, 600]))
    tensors = [draw(3, queries, 24), draw(3, 600, 24, seed=2), draw(3, 600, 5, seed=4)]
    tensors = [tensor.requires_grad_() for tensor in tensors]

    def learn() -> list[torch.Tensor]:
        context = attend(*tensors, score=score, region=region, engine="cpu")
        return [context, *torch.autograd.grad(context.square().sum(), [*tensors, *score.parameters()])]

    kept = learn()
    monkeypatch.setattr(ops, "_FEW_SCORES", 0)
    for one, other in zip(kept, learn(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-7)
    compare(score, *tensors, region=Padding(torch.tensor([0, 529, 600])))


def test_layouts_that_are_not_contiguous_and_keys_that_heads_share():
    score = additive()
    query = draw(24, 9, 2, 3).permute(3, 2, 1, 0)
    key, value = draw(3, 24, 1, 11, seed=2).permute(0, 2, 3, 1), draw(3, 1, 22, 7, seed=4)[:, :, ::2]
    compare(score, query, key, value)
    compare(score, query, key[:1], value)  # more axes that broadcast
    keep = draw(3, 1, 9, 11, seed=5) > 0
    compare(DOT, query, key, value, keep=keep)


@pytest.mark.parametrize(("queries", "keys", "width"), [(0, 5, 3), (5, 0, 3), (5, 4, 0)])
def test_empty_axes(queries, keys, width):
    for score in (DOT, additive()):
        query, key = draw(2, queries, 24).requires_grad_(), draw(2, keys, 24, seed=2).requires_grad_()
        context = attend(query, key, draw(2, keys, width), score=score, engine="cpu")
        assert context.shape == (2, queries, width)
        assert bool((context == 0).all())
        context.sum().backward()
        assert bool((query.grad == 0).all())
        assert bool((key.grad == 0).all())


def test_a_second_gate_is_refused():
    region = Predicted(24, 4, 3.0) & Predicted(24, 4, 2.0)
    with pytest.raises(EngineError, match="2 regions here gate"):
        attend(draw(1, 3, 24), draw(1, 5, 24), region=region, engine="cpu")


@pytest.mark.parametrize("score", [DOT, additive()], ids=["dot", "additive"])
@pytest.mark.parametrize("place", ["key", "value"])
@pytest.mark.parametrize("number", [torch.nan, torch.inf])
def test_what_is_no_number_spoils_the_rows_that_see_it_and_no_others(score, place, number):
    """Forward and backward: rows that do not see it are what they are without it."""
    if place == "key" and score is not DOT and number == torch.inf:
        return  # tanh of infinity is a number
    clean = [draw(2, 40, 24), draw(2, 40, 24, seed=2), draw(2, 40, 3, seed=4)]
    above = draw(2, 40, 3, seed=5)
    keep = torch.ones(2, 40, 40, dtype=torch.bool)
    keep[1, 30] = False
    sees = torch.zeros(2, 40, dtype=torch.bool)
    sees[1, 17:24] = True

    def learn(*tensors: torch.Tensor) -> list[torch.Tensor]:
        inputs = [tensor.clone().requires_grad_() for tensor in tensors]
        context = attend(*inputs, score=score, region=Window(3), keep=keep, engine="cpu")
        return [context.detach(), *torch.autograd.grad(context, inputs, above)]

    dirty = [tensor.clone() for tensor in clean]
    dirty[["query", "key", "value"].index(place)][1, 20, 1] = number
    found = learn(*dirty)
    above = above.masked_fill(sees.unsqueeze(-1), 0.0)
    expected = learn(*clean)
    assert torch.equal(found[0].isnan().all(-1), sees)
    assert torch.equal(found[1].isnan().all(-1), sees)
    reached = torch.zeros(2, 40, dtype=torch.bool)
    reached[1, 14:27] = True  # what rows 17 to 23 see: they have no gradient that is a number
    for slope, true in zip(found[2:], expected[2:], strict=True):
        assert torch.equal(slope.isnan().all(-1), reached)
        torch.testing.assert_close(slope[~reached], true[~reached])
    for own, true in zip(found[:2], expected[:2], strict=True):
        torch.testing.assert_close(own[~sees], true[~sees])
