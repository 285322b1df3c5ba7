"""Parameters with a rate and bounds of their own: the rate at every step, frozen for good, and never out of bounds."""

from itertools import pairwise

import pytest

pytest.importorskip("lightning")

import torch
from torch import nn

from heedful.structure import Simplex
from heedful.train import TrainSettings, fit
from heedful.train.optimiser import make_optimiser, set_rates
from heedful.train.param_groups import paces, param_groups
from heedful.train.schedule import Constant, Rates


def train(toy, folder, *, watch=lambda model: None, **given):
    """Trains the toy with shares, and calls `watch` with it after every step."""
    model = toy.make_model(own=True)

    def validate(model, step):
        watch(model)
        return toy.validate(model, step)

    fit(
        model,
        toy.ToyStream(),
        settings=toy.settings(valid_every=1, average=0, **given),
        folder=folder,
        validate=validate,
    )
    return model


def test_each_group_has_its_rate_and_what_has_its_own_does_not_decay(toy):
    model = toy.make_model(own=True)
    optimiser = make_optimiser(model, TrainSettings(weight_decay=0.1))
    decayed, spared, own = optimiser.param_groups
    assert own["params"] == [model.shares.weight]
    assert own["weight_decay"] == 0.0
    assert all(one is not model.shares.weight for group in (decayed, spared) for one in group["params"])
    for step, expected in ((0, 0.05), (4, 0.01), (15, 0.0)):
        set_rates(optimiser, Rates(Constant(3.0, 0), 20), step)
        assert [group["lr"] for group in optimiser.param_groups] == [3.0, 3.0, pytest.approx(expected)]
    set_rates(optimiser, Rates(Constant(3.0, 0), None), 15)
    assert own["lr"] > 0.0, "nobody knows how much of training is left"


def test_modules_that_share_a_pace_share_a_group():
    def pace(step, total):
        return 0.0

    def other(step, total):
        return 1.0

    model = nn.Sequential(Simplex(2, pace), Simplex(3, other), Simplex(5, pace), Simplex(7), nn.Linear(2, 2))
    assert list(paces(model).values()) == [pace, other, pace]
    sizes = [[one.numel() for one in group["params"]] for group in make_optimiser(model, TrainSettings()).param_groups]
    assert sizes == [[4], [7, 2], [2, 5], [3]]


def test_bounds_hold_after_every_step(toy, tmp_path):
    seen = []
    train(toy, tmp_path, epochs=2, watch=lambda model: seen.append(model.shares.weight.detach().clone()))
    values = torch.stack(seen)
    assert len(values) == 14
    assert values.min() >= 0.9
    assert values.max() <= 1.2
    assert ((values == torch.tensor(0.9)) | (values == torch.tensor(1.2))).any(), "no step met the bounds"


def test_a_pace_of_nothing_freezes_these_and_no_others(toy, tmp_path):
    seen = []

    def watch(model):
        seen.append((model.shares.weight.detach().clone(), model.inner.weight.detach().clone()))

    train(toy, tmp_path, epochs=2, watch=watch)
    steps = list(pairwise(seen))  # from the 1st step to the 2nd, and so on
    moved = [[not torch.equal(*both) for both in zip(before, after, strict=True)] for before, after in steps]
    assert [others for _, others in moved] == [True] * 13
    assert [shares for shares, _ in moved] == [True] * 10 + [False] * 3  # three quarters of 14 steps are 10.5


@pytest.mark.parametrize("rate", [1e-9, 0.01])
def test_they_move_at_their_own_rate_whatever_the_others_do(toy, tmp_path, rate):
    model, before = train(toy, tmp_path, epochs=2, rate=rate), toy.make_model(own=True)
    assert float((model.shares.weight - before.shares.weight).detach().abs().max()) > 0.05
    assert (float((model.inner.weight - before.inner.weight).detach().abs().max()) > 1e-3) == (rate > 1e-3)


def test_the_groups_hold_every_trained_parameter_once(toy):
    model = toy.make_model(own=True)
    model.inner.bias.requires_grad_(False)
    grouped = [parameter for group in param_groups(model, weight_decay=0.1) for parameter in group["params"]]
    assert len(grouped) == len(set(grouped))
    assert set(grouped) == {parameter for parameter in model.parameters() if parameter.requires_grad}
