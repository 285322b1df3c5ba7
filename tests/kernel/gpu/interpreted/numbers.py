"""The GPU engine on numbers that are hard: far apart, huge, not numbers, left over in memory, in odd layouts."""

import pytest
import torch

from heedful import Additive, Causal, Dot, Padding, Predicted, Window, attend
from heedful.kernel.gpu import run
from heedful.testing.tolerance import OverBudget, error, within_budget

pytestmark = pytest.mark.filterwarnings("ignore:overflow encountered")  # numpy says so where a kernel clamps
DOT = Dot(scale=1.0)


def additive(width: int = 24, hidden: int = 21) -> Additive:
    torch.manual_seed(1)
    return Additive(width, width, hidden)


def draw(*shape: int, seed: int = 1) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def learn(score, query, key, value, *, engine="gpu", dtype=torch.float32, **words) -> list[torch.Tensor]:
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


def compare(score, query, key, value, **words) -> None:
    """Context and gradients are within the budget of plain torch at the same precision; no gradient is far off.

    All gradients share one budget: where terms cancel a reference may be right by luck.
    """
    found = learn(score, query, key, value, **words)
    reference = learn(score, query, key, value, engine="plain", **words)
    exact = learn(score, query, key, value, engine="plain", dtype=torch.float64, **words)
    names = ["query", "key", "value", *(name for name, _ in score.named_parameters())]
    within_budget(found[0], reference[0], exact[0], name="context")
    for name, own, other, true in zip(names, found[1:], reference[1:], exact[1:], strict=True):
        assert error(own, true) <= 1e-4 * float(true.abs().max()) + 1e-5 + 2 * error(other, true), name
    joined = (torch.cat([each.flatten() for each in tensors[1:]]) for tensors in (found, reference, exact))
    within_budget(*joined, name="gradients")


def test_the_comparison_sees_an_error_of_a_thousandth(monkeypatch):
    """`compare` asserts by raising; this is what it raises."""
    right = attend

    def wrong(*tensors, engine, **words):
        return right(*tensors, engine=engine, **words) * (1.001 if engine == "gpu" else 1.0)

    monkeypatch.setitem(globals(), "attend", wrong)
    with pytest.raises(OverBudget, match="context"):
        compare(additive(), draw(2, 5, 24), draw(2, 7, 24, seed=2), draw(2, 7, 3, seed=4))


@pytest.mark.parametrize("widths", [(1, 1), (3, 17), (130, 150), (16, 300)], ids=str)
def test_features_and_values_at_the_edges_of_blocks(widths):
    width, depth = widths
    tensors = draw(2, 19, width) / width**0.5, draw(2, 21, width, seed=2), draw(2, 21, depth, seed=4)
    compare(DOT, *tensors, region=Causal())
    compare(additive(width, width), *tensors, region=Window(3))


@pytest.mark.parametrize("far", [4.0, 10.0, 100.0, 1e4])
def test_features_far_apart(far):
    """Products of several pass what float32 holds; from 40 on features are centred, or each pair computed by itself."""
    compare(additive(), far * draw(2, 13, 24), far * draw(2, 31, 24, seed=2), draw(2, 31, 8, seed=4))


def test_features_all_far_on_one_side_are_centred():
    x, y = draw(1, 9, 4) + 90, draw(1, 11, 4) - 91
    a, b, far = run._factored(x, y)
    assert far.item() == 0
    product = a.unsqueeze(-1) * b.unsqueeze(-2)
    sums = (x.unsqueeze(-2) + y.unsqueeze(-3)).permute(0, 3, 1, 2)
    torch.testing.assert_close(product, (2 * sums).exp(), rtol=1e-4, atol=0)
    assert run._factored(100 * x, y)[2].item() == 1


@pytest.mark.parametrize("score", [DOT, additive()], ids=["dot", "additive"])
@pytest.mark.parametrize("rows", [1, 19])
def test_keep_of_every_shape(score, rows):
    keep = torch.rand(3, 1, rows, 35) > 0.6
    keep[1] = False
    tensors = draw(3, 2, 19, 24), draw(3, 1, 35, 24, seed=2), draw(3, 1, 35, 5, seed=4)
    compare(score, *tensors, keep=keep if rows > 1 else keep.expand(3, 2, 1, 35))
    compare(score, *tensors, keep=keep[:1], region=Window(2))


@pytest.mark.parametrize("score", [DOT, additive()], ids=["dot", "additive"])
def test_a_gate_and_a_keep_together(score):
    torch.manual_seed(2)
    region = Predicted(24, 4, 3.0) & Padding(torch.tensor([5, 31]))
    keep = torch.rand(2, 13, 31) > 0.3
    compare(score, draw(2, 13, 24), draw(2, 31, 24, seed=2), draw(2, 31, 8, seed=4), region=region, keep=keep)


@pytest.mark.parametrize("score", [DOT, additive()], ids=["dot", "additive"])
def test_a_query_that_is_not_a_number_spoils_its_own_row_alone(score):
    query, memory = draw(1, 20, 24), draw(1, 90, 24, seed=2)
    clean = attend(query, memory, score=score, engine="gpu")
    query[0, 3, 5] = torch.nan
    found = attend(query, memory, score=score, engine="gpu")
    assert found[0, 3].isnan().all()
    others = [t for t in range(20) if t != 3]
    torch.testing.assert_close(found[0, others], clean[0, others], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("score", [DOT, additive()], ids=["dot", "additive"])
def test_a_key_that_is_not_a_number_spoils_the_rows_that_see_it(score):
    query, key = draw(1, 40, 24), draw(1, 40, 24, seed=2)
    key[0, 20, 1] = torch.nan
    found = attend(query, key, draw(1, 40, 3), score=score, region=Window(3), engine="gpu").isnan().any(-1)[0]
    assert found.nonzero().flatten().tolist() == list(range(17, 24))


def test_a_feature_that_is_not_a_number_spoils_the_slopes_of_those_alone_that_see_it():
    query, key = draw(1, 40, 24), draw(1, 40, 24, seed=2)
    key[0, 20, 1] = torch.nan
    _, of_query, of_key, *_ = learn(additive(), query, key, draw(1, 40, 3), region=Window(3))
    assert of_query.isnan().any(-1)[0].nonzero().flatten().tolist() == list(range(17, 24))
    assert of_key.isnan().any(-1)[0].nonzero().flatten().tolist() == list(range(14, 27))


@pytest.mark.parametrize("score", [DOT, additive()], ids=["dot", "additive"])
def test_what_nobody_sees_may_be_anything(score):
    """The kernels themselves, to which `attend` hands nothing that is hidden: here it does."""
    region = Window(2) & Padding(torch.tensor([20]))
    tensors = draw(1, 33, 24), draw(1, 33, 24, seed=2), draw(1, 33, 3, seed=4)
    clean = hidden(score, tensors, region)
    spoiled = [tensor.clone() for tensor in tensors]
    for tensor, first in zip(spoiled, (22, 20, 20), strict=True):  # queries from 22 on see no key before 20
        tensor[:, first:] = torch.nan
    for one, other in zip(hidden(score, spoiled, region), clean, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


def hidden(score, tensors, region) -> list[torch.Tensor]:
    """Context and gradients of features as they are, without what `attend` clears before."""
    from heedful import Soft
    from heedful.kernel import Problem, attend
    from heedful.region import Span

    query, key, value = (tensor.clone().requires_grad_() for tensor in tensors)
    bounds = region.bounds(query, Span(33, 33, 1, query.device, None))
    form = score.form()
    if isinstance(score, Additive):
        form = type(form)(draw(24, seed=9).requires_grad_())
    context = attend(Problem(form, query, key, bounds, Soft()), value, "gpu")
    learned = [form.weight] if isinstance(score, Additive) else []
    return [context.detach(), *torch.autograd.grad(context.square().sum(), [query, key, value, *learned])]


def test_nothing_is_left_of_what_was_in_memory_before(monkeypatch):
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
            compare(score, *tensors, region=region & Padding(torch.tensor([0, 7, 31])))


@pytest.mark.parametrize("score", [DOT, additive()], ids=["dot", "additive"])
def test_every_run_is_the_same(score):
    tensors = draw(2, 70, 24), draw(1, 70, 24, seed=2), draw(1, 70, 9, seed=4)
    for one, other in zip(learn(score, *tensors), learn(score, *tensors), strict=True):
        assert torch.equal(one, other)


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
        context = attend(query, key, draw(2, keys, width), score=score, engine="gpu")
        assert context.shape == (2, queries, width)
        assert bool((context == 0).all())
        context.sum().backward()
        assert bool((query.grad == 0).all())
        assert bool((key.grad == 0).all())


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
            for dtype, engine in ((torch.float64, "plain"), (torch.float32, "plain"), (torch.float32, "gpu"))
        )
        assert own.isfinite().all()
        ratios.append(float((own - exact).norm() / (plain - exact).norm().clamp_min(1e-7)))
    assert sorted(ratios)[7] <= 2
