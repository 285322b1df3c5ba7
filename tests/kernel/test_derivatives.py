"""Derivatives of every kind through every engine: second ones, forward mode, and torch.func. None is silently zero."""

import copy
from collections.abc import Callable, Iterator

import pytest
import torch
from torch import Tensor
from torch.autograd import forward_ad

from heedful import (
    Additive,
    Argmax,
    Attention,
    Causal,
    Dot,
    General,
    Gumbel,
    Hard,
    MultiHead,
    Padding,
    Predicted,
    Soft,
    Sparse,
    StatsRequest,
    StraightThrough,
    TopK,
    Window,
    align,
    attend,
    select,
    survey,
)
from heedful.kernel import EngineError, Plain, dispatch

# torch compiles what forward mode decomposes into by torch.jit.script, which it deprecates.
# Under vmap, torch says of some operations that it takes them one by one.
pytestmark = [
    pytest.mark.filterwarnings("ignore:`torch.jit.script:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:There is a performance drop:UserWarning"),
]

ENGINES = ["auto", "cpu", "sdpa", "plain"]
SIZES = {"small": (3, 5), "as large as auto wants for its fused engine": (520, 521)}


def draw(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def second(function: Callable[..., Tensor], *inputs: Tensor) -> list[Tensor]:
    """The gradient of the squared gradient."""
    inputs = tuple(each.detach().clone().requires_grad_() for each in inputs)
    first = torch.autograd.grad(function(*inputs).square().sum(), inputs, create_graph=True)
    return list(torch.autograd.grad(sum(each.square().sum() for each in first), inputs))


def same(found: list[Tensor], expected: list[Tensor], tolerance: float = 2e-4) -> None:
    for one, other in zip(found, expected, strict=True):
        assert float((one.double() - other).abs().max()) <= tolerance * float(other.abs().max())


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The plain engine by blocks of a few queries."""
    tiny = Plain(block_floats=20)
    monkeypatch.setitem(dispatch._ENGINES, "plain", tiny)
    monkeypatch.setattr(dispatch, "_PLAIN", tiny)
    yield


# Second derivatives -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("engine", ENGINES)
def test_second_derivatives_of_inner_products(engine: str, size: tuple[int, int]) -> None:
    query, key, value = draw(1, size[0], 8), draw(1, size[1], 8, seed=2), draw(1, size[1], 3, seed=3)
    for words in ({}, {"score": General(8, 8)}, {"region": Causal(), "keep": draw(1, size[1], seed=4) > -0.5}):
        exact = {name: each.double() if isinstance(each, torch.nn.Module) else each for name, each in words.items()}
        expected = second(
            lambda *own: attend(*own, engine="plain", **exact), *(each.double() for each in (query, key, value))
        )  # noqa: B023, E501
        words = {name: each.float() if isinstance(each, torch.nn.Module) else each for name, each in words.items()}
        same(second(lambda *own: attend(*own, engine=engine, **words), query, key, value), expected)  # noqa: B023


@pytest.mark.parametrize("engine", ["auto", "cpu", "plain"])
@pytest.mark.parametrize(
    "region", [Causal(), Window(2), Padding(torch.tensor([4, 0])), Predicted(8, 4, 2.5)], ids=lambda each: str(each)[:7]
)
@pytest.mark.parametrize("choice", [Soft(0.7), Sparse(TopK(2))], ids=str)
def test_second_derivatives_of_the_additive_score(engine: str, region, choice) -> None:
    torch.manual_seed(1)
    score, region, states = (
        Additive(8, 8, 5),
        copy.deepcopy(region),
        (draw(2, 6, 8), draw(2, 7, 8, seed=2), draw(2, 7, 3, seed=3)),
    )
    found = second(lambda *own: attend(*own, score=score, region=region, choice=choice, engine=engine), *states)
    if isinstance(region, torch.nn.Module):
        region.double()
    score.double()
    exact = (each.double() for each in states)
    same(found, second(lambda *own: attend(*own, score=score, region=region, choice=choice, engine="plain"), *exact))


def test_second_derivatives_of_a_straight_through_choice_are_refused_where_they_would_lack_a_term() -> None:
    """A fused engine takes the gradient of the soft weights apart from that of the values; their product is lost."""
    choice, score = Hard(Argmax(), StraightThrough(0.7)), Additive(8, 8, 5)
    states = draw(2, 6, 8), draw(2, 7, 8, seed=2), draw(2, 7, 3, seed=3)
    with pytest.raises(EngineError, match="straight-through"):
        second(lambda *own: attend(*own, score=score, choice=choice, engine="cpu"), *states)
    found = second(lambda *own: attend(*own, states[2], score=score, choice=choice, engine="cpu"), *states[:2])
    plain = second(lambda *own: attend(*own, states[2], score=score, choice=choice, engine="plain"), *states[:2])
    same(found, [each.double() for each in plain])


@pytest.mark.usefixtures("small_blocks")
def test_second_derivatives_of_the_plain_engine_in_blocks() -> None:
    score = Additive(3, 3, 2).double()
    states = [draw(1, 5, 3, seed=seed).double().requires_grad_() for seed in (1, 2, 3)]
    for words in ({"score": score, "region": Window(2)}, {"choice": Sparse()}, {}):
        assert torch.autograd.gradgradcheck(lambda *own: attend(*own, engine="plain", **words), states, fast_mode=True)  # noqa: B023


def test_second_derivatives_of_parameters_through_modules() -> None:
    """As a penalty on gradients takes them."""
    torch.manual_seed(1)
    states = draw(1, 4, 8)
    for module in (MultiHead(8, 2), Attention(General(8, 8)), MultiHead(8, 2, attention=Attention(Additive(4, 4, 3)))):
        found = penalty(module, states)
        same(found, penalty(in_plain(module), states.double()))


def in_plain(module: torch.nn.Module) -> torch.nn.Module:
    """The module in float64, by the plain engine."""
    module = module.double()
    for part in module.modules():
        if isinstance(part, Attention):
            part.engine = "plain"
    return module


def penalty(module: torch.nn.Module, states: Tensor) -> list[Tensor]:
    """The gradients of the parameters, of the squared gradient of the input."""
    states = states.clone().requires_grad_()
    (slope,) = torch.autograd.grad(module(states, states).square().sum(), states, create_graph=True)
    return list(torch.autograd.grad(slope.square().sum(), list(module.parameters()), materialize_grads=True))


@pytest.mark.parametrize("engine", ["auto", "cpu", "plain"])
def test_second_derivatives_of_selections_and_surveys(engine: str) -> None:
    score = Additive(4, 4, 8)
    query, key = draw(1, 5, 4), draw(1, 6, 4, seed=2)

    def chosen(query: Tensor, key: Tensor, engine: str = engine) -> Tensor:
        found = select(query, key, score=score, engine=engine)
        return torch.cat([found.log_probability, found.entropy], dim=-1)

    found = second(chosen, query, key), second(lambda *own: surveyed(*own, score), query, key)
    score.double()
    exact = query.double(), key.double()
    same(found[0], second(lambda *own: chosen(*own, engine="plain"), *exact))
    same(found[1], second(lambda *own: attend(*own, score=score, engine="plain"), *exact))


def surveyed(query: Tensor, key: Tensor, score: Additive) -> Tensor:
    return survey(query, key, score=score, request=StatsRequest((2, 2), best=1)).context


@pytest.mark.parametrize("engine", ENGINES)
def test_a_first_gradient_with_a_graph_is_the_gradient(engine: str) -> None:
    states = draw(2, 6, 4).requires_grad_()
    plain, graph = (
        torch.autograd.grad(attend(states, states, engine=engine).square().sum(), states, create_graph=create)[0]
        for create in (False, True)
    )
    torch.testing.assert_close(graph, plain, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_query_changed_in_place_is_seen_by_the_second_derivative_too(engine: str) -> None:
    states, key = draw(2, 6, 4).requires_grad_(), draw(2, 6, 4, seed=2)
    context = attend(states, key, engine=engine)
    key.zero_()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        torch.autograd.grad(context.sum(), states, create_graph=True)


# Forward mode and torch.func ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("score", [Dot(), Additive(8, 8, 16)], ids=["dot", "additive"])
def test_forward_derivatives_by_auto(score, size: tuple[int, int]) -> None:
    query, key, direction = draw(1, size[0], 8), draw(1, size[1], 8, seed=2), draw(1, size[0], 8, seed=3)
    by_func = torch.func.jvp(lambda query: attend(query, key, score=score), (query,), (direction,))[1]
    with forward_ad.dual_level():
        dual = attend(forward_ad.make_dual(query, direction), key, score=score)
        by_hand = forward_ad.unpack_dual(dual).tangent
    step = 1e-2
    with torch.no_grad():
        ahead, behind = (attend(query + way * step * direction, key, score=score) for way in (1, -1))
    for found in (by_func, by_hand):
        torch.testing.assert_close(found, (ahead - behind) / (2 * step), rtol=0.05, atol=2e-3)


@pytest.mark.parametrize("engine", ["cpu", "sdpa"])
@pytest.mark.parametrize("function", [attend, align], ids=["attend", "align"])
def test_a_named_engine_refuses_forward_mode(engine: str, function) -> None:
    states = draw(1, 5, 8)
    with pytest.raises(EngineError, match=f"engine '{engine}' cannot do this: .*forward"):
        torch.func.jvp(lambda query: function(query, states, engine=engine), (states,), (states,))
    with forward_ad.dual_level(), pytest.raises(EngineError, match="forward"):
        function(forward_ad.make_dual(states, states), states, engine=engine)


def test_the_fused_operator_itself_refuses_forward_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever comes to it past the doors: torch would take the missing derivative for zero."""
    monkeypatch.setattr("heedful.kernel.transforms.differentiates", lambda: False)
    states = draw(1, 600, 8)
    with pytest.raises(EngineError, match="'cpu' has no forward-mode derivatives: use attend"):
        torch.func.jvp(lambda query: attend(query, states, engine="cpu"), (states,), (states,))


@pytest.mark.parametrize(
    "words",
    [
        {},
        {"score": Additive(8, 8, 16)},
        {"region": Window(3)},
        {"region": Predicted(8, 4, 9.0)},
        {"choice": Hard(Argmax(), StraightThrough())},
        {"choice": Hard(Gumbel(3), StraightThrough())},
        {"choice": Sparse(TopK(2))},
    ],
    ids=lambda words: " ".join(type(each).__name__ for each in words.values()) or "dot",
)
@pytest.mark.parametrize("length", [5, 520])
def test_gradients_of_each_sample(words, length: int) -> None:
    batch = draw(2, length, 8)
    found = torch.func.vmap(
        torch.func.grad(lambda x: attend(x[None], x[None], **words).square().sum()), randomness="same"
    )(batch)
    for sample, slope in zip(batch, found, strict=True):
        own = sample[None].clone().requires_grad_()
        (expected,) = torch.autograd.grad(attend(own, own, engine="plain", **words).square().sum(), own)
        torch.testing.assert_close(slope, expected[0], rtol=1e-3, atol=1e-4)


@pytest.mark.usefixtures("small_blocks")
def test_torch_func_and_blocks() -> None:
    """torch.func allows no activation checkpointing: blocks keep what they compute."""
    states = draw(9, 4).double()
    words = {"score": Additive(4, 4, 3).double()}
    found = torch.func.grad(lambda x: attend(x, x, **words).square().sum())(states)
    own = states.clone().requires_grad_()
    torch.testing.assert_close(found, torch.autograd.grad(attend(own, own, **words).square().sum(), own)[0])
    hessian = torch.func.hessian(lambda x: attend(x, x, **words).square().sum())(states)
    rows = torch.autograd.functional.hessian(lambda x: attend(x, x, **words).square().sum(), states)
    torch.testing.assert_close(hessian, rows)


@pytest.mark.parametrize("length", [5, 520])
def test_second_derivatives_in_torch_func(length: int) -> None:
    states, direction = draw(1, length, 8), draw(1, length, 8, seed=2)

    def loss(x: Tensor) -> Tensor:
        return attend(x, x).square().sum()

    product = torch.func.jvp(torch.func.grad(loss), (states,), (direction,))[1]
    own = states.double().requires_grad_()
    (slope,) = torch.autograd.grad(attend(own, own, engine="plain").square().sum(), own, create_graph=True)
    (expected,) = torch.autograd.grad((slope * direction.double()).sum(), own)
    same([product], [expected])


def test_a_named_engine_says_what_it_does_not_do_in_torch_func() -> None:
    states = draw(1, 5, 8)
    first = torch.func.grad(lambda x: attend(x, states, engine="sdpa").sum())
    torch.testing.assert_close(first(states), torch.func.grad(lambda x: attend(x, states).sum())(states))
    with pytest.raises(EngineError, match="'sdpa' cannot do this: .*gradients of gradients"):
        torch.func.grad(lambda x: first(x).sum())(states)
    with pytest.raises(EngineError, match=r"'cpu' cannot do this: .*torch\.func\.grad"):
        torch.func.grad(lambda x: attend(x, states, engine="cpu").sum())(states)


@pytest.mark.parametrize("length", [5, 520])
def test_mapped_over_a_batch_auto_gives_what_a_loop_gives(length: int) -> None:
    batch = draw(3, length, 8)
    for words in ({}, {"score": Additive(8, 8, 8)}):
        mapped = torch.func.vmap(lambda x: attend(x, x, **words))(batch)  # noqa: B023
        torch.testing.assert_close(mapped, torch.stack([attend(x, x, **words) for x in batch]), rtol=1e-4, atol=1e-5)


# Inputs that change before the backward pass --------------------------------------------------------------------------


FUNCTIONS: dict[str, Callable[..., Tensor]] = {
    "attend": lambda *tensors, **words: attend(*tensors, choice=Sparse(), engine="plain", **words),
    "align": lambda query, key, value, **words: align(query, key, choice=Sparse(), engine="plain", **words),
    "select": lambda *tensors, **words: select(*tensors, engine="plain", **words).log_probability,
    "survey": lambda *tensors, **words: survey(*tensors, choice=Sparse(), **words).context,
}


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("what", ["query", "key", "keep", "centre"])
@pytest.mark.parametrize("function", FUNCTIONS)
def test_what_blocks_are_computed_from_again_may_not_change_in_between(function: str, what: str) -> None:
    """The tensors that attention copies may change: then the gradient is right, as it is for the value here."""
    centre, keep = torch.arange(99)[None] % 90, torch.ones(1, 99, 99).bool()
    inputs = {"query": draw(1, 99, 4), "key": draw(1, 99, 4, seed=2), "value": draw(1, 99, 4, seed=3)}
    learned = inputs["key" if what == "query" else "query"].requires_grad_()
    words = {"region": Window(9, centre)} if what == "centre" else {"keep": keep} if what == "keep" else {}
    output = FUNCTIONS[function](*inputs.values(), score=Dot(1.0), **words)
    changed = {**inputs, "keep": keep, "centre": centre}[what]
    # A centre is copied into the bounds; the others are read again.
    expected = torch.autograd.grad(output.sum(), learned, retain_graph=True)[0]
    changed.copy_(torch.zeros_like(changed))
    if what == "centre":
        torch.testing.assert_close(torch.autograd.grad(output.sum(), learned)[0], expected)
        return
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        output.sum().backward()


@pytest.mark.usefixtures("small_blocks")
def test_what_does_not_change_learns_as_before() -> None:
    states = draw(1, 9, 4).requires_grad_()
    attend(states, states, choice=Sparse(), engine="plain").square().sum().backward()
    assert states.grad is not None
    assert bool(states.grad.any())
