"""The blockwise loss against torch's own cross-entropy: values, gradients, precisions, memory, refusals."""

import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.functional import cross_entropy, linear

from heedful.layer import loss as room
from heedful.layer.loss import TokenLoss, token_loss
from heedful.shapes import ShapeError


def _case(tokens: int, width: int, words: int, dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(tokens * 1009 + words)
    hidden = torch.randn(tokens, width, generator=generator, dtype=dtype)
    weight = torch.randn(words, width, generator=generator, dtype=dtype)
    return hidden, weight, torch.randint(words, (tokens,), generator=generator)


def _plain(hidden: Tensor, weight: Tensor, bias: Tensor | None, *, target: Tensor, smoothing: float) -> TokenLoss:
    logits = linear(hidden, weight, bias)
    total = cross_entropy(logits, target, label_smoothing=smoothing, reduction="sum")
    return TokenLoss(total, cross_entropy(logits, target, reduction="sum").detach(), len(target))


def _gradients(function, leaves: list[Tensor | None], **settings) -> tuple[TokenLoss, list[Tensor]]:
    fresh = [leaf if leaf is None else leaf.detach().clone().requires_grad_() for leaf in leaves]
    outcome = function(*fresh, **settings)
    (0.37 * outcome.total).backward()
    return outcome, [leaf.grad for leaf in fresh if leaf is not None]


@given(
    tokens=st.integers(0, 13),
    words=st.integers(2, 17),
    smoothing=st.sampled_from([0.0, 0.1, 0.9]),
    biased=st.booleans(),
    block=st.sampled_from([1, 31, 1 << 23]),
)
def test_equals_cross_entropy(tokens: int, words: int, smoothing: float, biased: bool, block: int) -> None:
    hidden, weight, target = _case(tokens, 5, words)
    bias = torch.randn(words, dtype=torch.float64) if biased else None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room, "_BLOCK_LOGITS", block)
        ours, ours_gradients = _gradients(token_loss, [hidden, weight, bias], target=target, smoothing=smoothing)
    plain, plain_gradients = _gradients(_plain, [hidden, weight, bias], target=target, smoothing=smoothing)
    assert ours.tokens == tokens
    torch.testing.assert_close(ours, plain)
    torch.testing.assert_close(ours_gradients, plain_gradients)


def _errors(outcome: tuple[TokenLoss, list[Tensor]], exact: tuple[TokenLoss, list[Tensor]]) -> list[float]:
    ours, true = ([loss.total, loss.nll, *gradients] for loss, gradients in (outcome, exact))
    return [(a.double() - b).abs().max().item() for a, b in zip(ours, true, strict=True)]


@pytest.mark.parametrize("half", [False, True], ids=["float32", "bfloat16"])
@pytest.mark.parametrize("spread", [0.1, 1.0])
def test_is_as_exact_as_torch(half: bool, spread: float) -> None:
    hidden, weight, target = _case(211, 67, 1009, torch.float32)
    weight *= spread
    target[:101] = (hidden[:101] @ weight.T).argmax(-1)  # confident and right: p - 1 must not cancel
    settings = {"target": target, "smoothing": 0.1}
    exact = _gradients(_plain, [hidden.double(), weight.double(), None], **settings)
    with torch.autocast("cpu", torch.bfloat16, enabled=half):
        ours = _gradients(token_loss, [hidden, weight, None], **settings)
        plain = _gradients(_plain, [hidden, weight, None], **settings)
    rounding = 1e-2 if half else 1e-6
    scales = [exact[0].total.item(), exact[0].nll.item(), *(gradient.abs().max().item() for gradient in exact[1])]
    assert [gradient.dtype for gradient in ours[1]] == [torch.float32, torch.float32]
    for our_error, plain_error, scale in zip(_errors(ours, exact), _errors(plain, exact), scales, strict=True):
        assert our_error <= 2 * (plain_error + rounding * scale)


def test_hopeless_targets_keep_a_finite_loss_and_gradient() -> None:
    hidden, weight, target = torch.ones(3, 1), torch.tensor([[200.0], [-200.0]]), torch.tensor([1, 0, 1])
    outcome, (grad_hidden, _) = _gradients(token_loss, [hidden, weight, None], target=target, smoothing=0.0)
    assert outcome.nll.item() == 800.0
    torch.testing.assert_close(grad_hidden.squeeze(-1), 0.37 * torch.tensor([400.0, 0.0, 400.0]))


def test_without_gradients_none_are_made() -> None:
    hidden, weight, target = _case(7, 3, 11)
    weight.requires_grad_()
    with torch.no_grad():
        outcome = token_loss(hidden, weight, None, target=target)
    assert not outcome.total.requires_grad
    assert not token_loss(hidden, weight, None, target=target).nll.requires_grad


@pytest.mark.parametrize("frozen", list(itertools.product([False, True], repeat=2))[:3])
def test_only_what_asks_gets_a_gradient(frozen: tuple[bool, bool]) -> None:
    hidden, weight, target = _case(7, 3, 11)
    leaves = [leaf.requires_grad_(not fixed) for leaf, fixed in zip((hidden, weight), frozen, strict=True)]
    token_loss(*leaves, None, target=target, smoothing=0.1).total.backward()
    assert [leaf.grad is None for leaf in leaves] == list(frozen)


def test_backward_may_run_twice_but_not_through_itself() -> None:
    hidden, weight, target = _case(7, 3, 11)
    hidden.requires_grad_()
    total = token_loss(hidden, weight, None, target=target).total
    first, second = (torch.autograd.grad(total, hidden, retain_graph=True)[0] for _ in range(2))
    assert torch.equal(first, second)
    with pytest.raises(RuntimeError, match="cross_entropy on the logits"):
        torch.autograd.grad(total, hidden, create_graph=True)


@pytest.mark.parametrize("ours", [True, False], ids=["blockwise", "plain, the control"])
def test_peak_memory_is_a_block(ours: bool) -> None:
    tokens, words, block = 256, 4096, 1 << 15
    hidden, weight, target = _case(tokens, 16, words, torch.float32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room, "_BLOCK_LOGITS", block)
        with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as profile:
            _gradients(token_loss if ours else _plain, [hidden, weight, None], target=target, smoothing=0.1)
    changes = [event.nbytes() for event in profile.profiler.kineto_results.events() if event.name() == "[memory]"]
    peak = max(itertools.accumulate(changes))
    assert (peak < tokens * words * 4) == ours


def test_misfits_are_named() -> None:
    hidden, weight, target = _case(7, 3, 11)
    with pytest.raises(ShapeError, match="width 3"):
        token_loss(torch.ones(7, 5), weight.float(), None, target=target)
    with pytest.raises(ValueError, match=r"smoothing is 1\.5"):
        token_loss(hidden, weight, None, target=target, smoothing=1.5)
    with pytest.raises(ShapeError, match="differ in length"):
        token_loss(hidden, weight, None, target=target[:5])


def test_its_products_are_autocasts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The widest products of a training step: in float32 they alone would take most of its time."""
    seen: list[torch.dtype] = []

    def spy(hidden: Tensor, *others: Tensor | None) -> Tensor:
        seen.append(hidden.dtype)
        return linear(hidden, *others)

    monkeypatch.setattr(torch.nn.functional, "linear", spy)
    hidden, weight, target = _case(7, 3, 11, torch.float32)
    with torch.autocast("cpu", torch.bfloat16):
        token_loss(hidden.requires_grad_(), weight, None, target=target)
    assert seen == [torch.bfloat16]
