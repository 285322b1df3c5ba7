"""The optimiser: what decays, and that its memory survives."""

import pytest

pytest.importorskip("lightning")

import torch

from heedful.train import TrainSettings
from heedful.train.optimiser import load_state, make_optimiser, state_by_name


def step(model, optimiser):
    torch.manual_seed(3)
    for parameter in model.parameters():
        parameter.grad = torch.randn_like(parameter)
    optimiser.step()


def test_biases_norms_and_embeddings_do_not_decay_even_when_tied(toy):
    model = toy.make_model()
    optimiser = make_optimiser(model, TrainSettings(weight_decay=0.1, rate=1.0))
    decayed, spared = optimiser.param_groups
    assert [one is model.inner.weight for one in decayed["params"]] == [True]
    assert (decayed["weight_decay"], spared["weight_decay"]) == (0.1, 0.0)
    assert len(spared["params"]) == 4  # the tied weight once, norm's two, a bias


def test_frozen_parameters_are_left_out(toy):
    model = toy.make_model()
    model.inner.weight.requires_grad_(False)
    optimiser = make_optimiser(model, TrainSettings())
    assert all(one is not model.inner.weight for group in optimiser.param_groups for one in group["params"])


def test_an_optimiser_that_remembers_goes_on_exactly(toy):
    one, other = toy.make_model(), toy.make_model()
    first = make_optimiser(one, TrainSettings())
    step(one, first)
    saved = {name: value.clone() for name, value in state_by_name(first, one).items()}
    other.load_state_dict(one.state_dict())
    second = make_optimiser(other, TrainSettings())
    load_state(second, other, saved)
    for _ in range(2):
        step(one, first)
        step(other, second)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))


def test_without_its_memory_it_does_not(toy):
    one, other = toy.make_model(), toy.make_model()
    first = make_optimiser(one, TrainSettings())
    step(one, first)
    other.load_state_dict(one.state_dict())
    second = make_optimiser(other, TrainSettings())
    step(one, first)
    step(other, second)
    assert not torch.equal(one.inner.weight, other.inner.weight)
