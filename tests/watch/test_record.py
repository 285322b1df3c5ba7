"""Looking changes nothing, and what is seen is what was done."""

import pytest
import torch
from torch import nn

from heedful import (
    Additive,
    Attention,
    Causal,
    General,
    Hard,
    MultiHead,
    Predicted,
    ShapeError,
    UserError,
    Window,
    record,
)
from heedful.attention import Memory
from heedful.choice import Gumbel
from tests.watch.attending import CHOICES, B, D, S, T, Two, make_inputs


@pytest.mark.parametrize("choice", CHOICES, ids=str)
def test_a_recorded_model_returns_the_same_bits_and_gradients(choice):
    model, inputs = Two(choice), make_inputs()

    def run():
        model.zero_grad()
        torch.manual_seed(7)
        output = model(*inputs)
        output.square().sum().backward()
        return output, [p.grad for p in model.parameters() if p.grad is not None], torch.rand(3)

    plain = run()
    with record(model):
        seen = run()
    assert torch.equal(plain[0], seen[0])
    assert all(torch.equal(a, b) for a, b in zip(plain[1], seen[1], strict=True))
    assert torch.equal(plain[2], seen[2]), "the random state after the call is the same, too"


@pytest.mark.parametrize("choice", CHOICES, ids=str)
def test_the_map_is_what_the_module_did(choice):
    look = Attention(Additive(D, D, 11), choice=choice)
    query, key, keep = make_inputs()
    value = torch.randn(B, S, 3)
    with record(look) as seen:
        context = look(query, key, value, keep=keep)
    weights = seen.maps["attention"]
    assert weights.shape == (B, 1, T, S)
    torch.testing.assert_close(weights[:, 0] @ value, context)
    assert not weights.requires_grad


def test_a_generator_of_ones_own_is_put_back():
    generator = torch.Generator().manual_seed(3)
    look = Attention(choice=Hard(Gumbel(generator)))
    query, key, _ = make_inputs()
    first = [look(query, key) for _ in range(3)]
    generator.manual_seed(3)
    with record(look):
        second = [look(query, key) for _ in range(3)]
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def test_every_place_is_recorded_by_name_heads_apart():
    model = Two()
    with record(model) as seen:
        model(*make_inputs())
    maps = seen.maps
    assert {name: tuple(m.shape) for name, m in maps.items()} == {"own": (B, 2, T, T), "look": (B, 1, T, S)}
    torch.testing.assert_close(maps["own"].sum(-1), torch.ones(B, 2, T))
    assert maps["own"][..., 0, 1:].eq(0).all(), "causal: the first query sees the first key only"
    assert maps["look"][1, ..., 4:].eq(0).all()


def test_names_choose_modules_and_unknown_ones_are_told():
    model = Two()
    with record(model, "lo*") as seen:
        model(*make_inputs())
    assert list(seen.maps) == ["look"]
    with pytest.raises(UserError, match="'look'"), record(model, "loook"):
        pass
    with (
        pytest.raises(UserError, match=r"no module of this model has a method align\(query, key, \.\.\.\)"),
        record(nn.Linear(2, 2)),
    ):
        pass


def test_steps_of_a_decoder_are_joined_along_the_queries():
    look = Attention(General(D, D))
    query, key, keep = make_inputs()
    memory = look.project(key, keep=keep)
    with record(look) as all_at_once:
        look(query, memory)
    with record(look) as stepwise:
        for t in range(T):
            look(query[:, t : t + 1], memory)
    torch.testing.assert_close(stepwise.maps["attention"], all_at_once.maps["attention"])
    assert len(stepwise.calls["attention"]) == T


def test_a_memory_that_grows_is_filled_with_zeros():
    heads = MultiHead(D, 3, attention=Attention(region=Causal()))
    x = torch.randn(B, T, D)
    with record(heads) as all_at_once:
        heads(x, x)
    cache = None
    with record(heads) as stepwise:
        for t in range(T):
            new = heads.project(x[:, t : t + 1])
            cache = new if cache is None else cache.extend(new)
            heads(x[:, t : t + 1], cache)
    assert isinstance(cache, Memory)
    torch.testing.assert_close(stepwise.maps["attention"], all_at_once.maps["attention"])


def test_calls_on_different_batches_are_kept_apart():
    look = Attention()
    with record(look) as seen:
        look(torch.randn(2, T, D), torch.randn(2, S, D))
        look(torch.randn(3, T, D), torch.randn(3, S, D))
    assert [call.shape[0] for call in seen.calls["attention"]] == [2, 3]
    with pytest.raises(ValueError, match="different batches"):
        seen.maps


def test_hooks_are_gone_after_an_error():
    model = Two()
    with pytest.raises(RuntimeError, match="my own"), record(model):
        raise RuntimeError("my own")
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())


def test_the_regions_of_a_call_are_seen():
    look = Attention(region=Window(1))
    query, key, keep = make_inputs()
    with record(look) as seen:
        look(query, key, keep=keep)
        look(query, key, keep=keep, region=Predicted(D, 5, 1.0))
    narrow, gated = seen.calls["attention"]
    assert (narrow > 0).sum(-1).max() <= 3
    assert gated.sum(-1).max() < 1


def test_a_module_that_never_ran_has_an_empty_map():
    with record(Two()) as seen:
        pass
    assert seen.maps["look"].numel() == 0


class OfOnes(nn.Module):
    """A user's own attention: no part of ours, dropout on its weights, noise from a generator of its own."""

    def __init__(self, heads=None):
        super().__init__()
        self.heads = heads
        self.scale = nn.Parameter(torch.rand(D))
        self.dropout = nn.Dropout(0.3)
        self.noise = torch.Generator().manual_seed(3)

    def forward(self, query, key, value=None, *, temperature=1.0):
        weights = self.align(query, key, temperature=temperature)
        context = weights @ (key if value is None else value).unsqueeze(1 if self.heads else 0)
        return context.mean(1) if self.heads else context.squeeze(0)

    def align(self, query, key, value=None, *, temperature=1.0):
        scores = (query * self.scale) @ key.transpose(-1, -2) / temperature
        scores = scores + torch.randn(scores.shape, generator=self.noise)
        if self.heads:
            scores = torch.stack([scores * (h + 1) for h in range(self.heads)], 1)
        return self.dropout(scores.softmax(-1))


@pytest.mark.parametrize("heads", [None, 3])
def test_an_attention_of_ones_own_is_recorded_and_no_bit_changes(heads):
    model = nn.ModuleDict({"inner": OfOnes(heads), "linear": nn.Linear(D, D)})
    query, key, _ = make_inputs()

    def run():
        model.zero_grad()
        model["inner"].noise.manual_seed(11)
        torch.manual_seed(7)
        output = model["inner"](model["linear"](query), key, temperature=0.5)
        output.square().sum().backward()
        return output, model["inner"].scale.grad.clone(), torch.rand(3), model["inner"].noise.get_state()

    plain = run()
    with record(model) as seen:
        recorded = run()
    assert all(torch.equal(a, b) for a, b in zip(plain, recorded, strict=True))
    weights = seen.maps["inner"]
    assert weights.shape == (B, heads or 1, T, S)
    torch.testing.assert_close((weights @ key.unsqueeze(1)).mean(1), recorded[0])


class Aligner(nn.Module):
    """Something else that is called so."""

    def forward(self, source, target):
        return source

    def align(self, source, target):
        return []


class Forgetful(OfOnes):
    """An align that does not take what forward does: the call could not be asked again."""

    def align(self, query, key):
        return query @ key.transpose(-1, -2)


class Part(nn.Module):
    """A child module and a setting called align."""

    def __init__(self, align):
        super().__init__()
        self.align = align

    def forward(self, query, key):
        return query


@pytest.mark.parametrize("other", [Aligner(), Forgetful(), Part(nn.Linear(D, D)), Part(True), Part(torch.softmax)])
def test_what_is_only_called_align_is_not_recorded(other):
    model = nn.ModuleDict({"other": other, "look": Attention()})
    with record(model) as seen:
        pass
    assert list(seen.calls) == ["look"]
    with pytest.raises(UserError, match="no module of this model"), record(other):
        pass


class Wrong(nn.Module):
    """An align that gives what it is told to."""

    def __init__(self, found):
        super().__init__()
        self.found = found

    def forward(self, query, key):
        return query

    def align(self, query, key):
        return self.found


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (torch.rand(B, S, T), r"float32\[2, 7, 5\]"),
        (torch.rand(B, T, S, 1), r"float32\[2, 5, 7, 1\]"),
        (torch.ones(B, T, S, dtype=torch.bool), "bool"),
        (None, "NoneType"),
        ([[0.5]], "list"),
    ],
)
def test_an_align_that_gives_no_weights_is_refused_by_name(found, words):
    model = nn.Sequential()
    model.add_module("odd", Wrong(found))
    query, key, _ = make_inputs()
    with record(model), pytest.raises(ShapeError, match=rf"'odd' \(Wrong\).*{words}.*\[\*B, 5, 7\]"):
        model.odd(query, key)


def test_arguments_may_be_named():
    query, key, _ = make_inputs()
    model = OfOnes().eval()
    with record(model) as seen:
        model(key=key, query=query)
        model(query=query, key=key)
    assert [tuple(call.shape) for call in seen.calls["attention"]] == [(B, 1, T, S)] * 2


def test_off_it_leaves_nothing_on_the_model():
    model = Two()
    before = {name: dict(vars(module)) for name, module in model.named_modules()}
    with record(model):
        assert any(module._forward_hooks for module in model.modules())
    after = {name: dict(vars(module)) for name, module in model.named_modules()}
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
    assert {name: set(values) for name, values in before.items()} == {
        name: set(values) for name, values in after.items()
    }


def test_an_error_in_a_call_leaves_the_next_calls_right():
    model = OfOnes()
    query, key, _ = make_inputs()
    with record(model) as seen:
        with pytest.raises(TypeError):
            model(query)
        context = model(query, key)
    torch.testing.assert_close(seen.maps["attention"][:, 0] @ key, context)
