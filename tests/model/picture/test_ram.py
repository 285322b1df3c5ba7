"""RAM: gradients go where they belong, evaluation draws nothing, and the policy gradient is exact."""

import pytest
import torch

from heedful.model.picture.glimpse import retina
from heedful.model.picture.policy import CentrePolicy, RandomPolicy
from heedful.model.picture.ram import RamConfig, RecurrentAttention, normal_log_probability
from tests.model.picture.glyphs import glyph_pictures

SMALL = RamConfig(glimpses=3, size=4, scales=2, hidden=13, glimpse=11, std=0.2, policy_weight=0.7)
LOCATOR, BASELINE = {"locator.weight", "locator.bias"}, {"baseline.weight", "baseline.bias"}


def small_ram(**changes) -> RecurrentAttention:
    return RecurrentAttention(SMALL.model_copy(update=changes), classes=5)


def with_gradient(model: torch.nn.Module, total: torch.Tensor) -> set[str]:
    """The parameters that a loss has a gradient for."""
    found = torch.autograd.grad(total, list(model.parameters()), retain_graph=True, allow_unused=True)
    names = (name for name, _ in model.named_parameters())
    return {name for name, grad in zip(names, found, strict=True) if grad is not None and bool(grad.any())}


def test_the_label_the_reward_and_the_baseline_each_train_their_own_parameters():
    model, batch = small_ram(), glyph_pictures(7)
    seen = model.look(batch.pictures)
    of_label = torch.nn.functional.cross_entropy(model.output(seen.state), batch.labels)
    assert with_gradient(model, of_label).isdisjoint(LOCATOR | BASELINE)
    assert with_gradient(model, seen.log_probability.sum()) == LOCATOR
    assert with_gradient(model, seen.baseline.sum()) == BASELINE


def test_the_baseline_is_a_constant_in_the_advantage():
    """Its own gradient is that of its squared error alone, whatever the weight of the policy."""
    batch = glyph_pictures(7)
    grads = []
    for weight in (0.0, 5.0):
        torch.manual_seed(3)
        model = small_ram(policy_weight=weight)
        torch.manual_seed(4)
        model.loss(batch).total.backward()
        assert model.baseline.weight.grad is not None
        grads.append(model.baseline.weight.grad)
    assert torch.equal(*grads)


def test_the_loss_is_its_three_parts():
    model, batch = small_ram(), glyph_pictures(7)
    seen = model.look(batch.pictures)
    loss = model.loss_of(seen, batch.labels)
    logits = model.output(seen.state)
    reward = (logits.argmax(-1) == batch.labels).float()[:, None]
    nll = torch.nn.functional.cross_entropy(logits, batch.labels, reduction="sum")
    policy = -((reward - seen.baseline) * seen.log_probability).sum()
    expected = nll + 0.7 * policy + (seen.baseline - reward).square().sum()
    assert loss.total.item() == pytest.approx(expected.item(), rel=1e-5)
    assert loss.nll.item() == pytest.approx(nll.item(), rel=1e-5)
    assert loss.tokens == 7


def test_a_picture_without_a_label_has_no_part_in_the_loss():
    model, batch = small_ram(), glyph_pictures(4)
    seen = model.look(batch.pictures)
    labels = batch.labels.clone()
    labels[1] = -1
    without = [0, 2, 3]
    rest = seen._replace(**{name: getattr(seen, name)[without] for name in seen._fields})
    assert model.loss_of(seen, labels).total.item() == pytest.approx(model.loss_of(rest, labels[without]).total.item())


def test_evaluation_takes_the_mean_and_draws_nothing():
    model, pictures = small_ram(), glyph_pictures(5).pictures
    assert not torch.equal(model.look(pictures).locations, model.look(pictures).locations)
    model.eval()
    before = torch.get_rng_state()
    seen = model.look(pictures)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(seen.locations[:, 0], torch.zeros(5, 2))
    windows = retina(pictures, torch.zeros(5, 2), size=4, scales=2)
    state = torch.relu(
        model.recurrent(torch.zeros(5, 13)) + model.from_glimpse(model.reader(windows, torch.zeros(5, 2)))
    )
    scaled = (state - state.mean(1, keepdim=True)) / state.std(1, keepdim=True, correction=0)
    assert torch.allclose(seen.locations[:, 1], model.locator(scaled).clamp(-1, 1), atol=1e-3)


def test_a_row_does_not_depend_on_the_others():
    model, pictures = small_ram().eval(), glyph_pictures(5).pictures
    assert torch.allclose(model(pictures[2:3]).logits, model(pictures).logits[2:3], atol=1e-6)


def test_locations_stay_in_the_picture_and_their_probability_is_that_before_clipping():
    model, pictures = small_ram(std=5.0), glyph_pictures(50).pictures
    seen = model.look(pictures)
    assert float(seen.locations.abs().max()) == 1.0
    drawn, mean = torch.randn(6, 2).double(), torch.randn(6, 2).double()
    expected = torch.distributions.Normal(mean, 0.3).log_prob(drawn).sum(-1)
    assert torch.allclose(normal_log_probability(drawn, mean, 0.3), expected)


def test_controls_look_where_they_say():
    pictures = glyph_pictures(40).pictures
    centre = small_ram(policy="centre").look(pictures).locations
    assert torch.equal(centre, torch.zeros(40, 3, 2))
    model = small_ram().eval()
    assert torch.equal(model.look(pictures, CentrePolicy()).locations, torch.zeros(40, 3, 2))
    drawn = model.look(pictures, RandomPolicy(torch.Generator().manual_seed(1))).locations
    assert float(drawn.min()) < -0.9
    assert float(drawn.max()) > 0.9
    assert not torch.equal(drawn[:, 0], drawn[:, 1])


def test_a_frozen_policy_stays_as_it_began_and_moves_all_the_same():
    model, batch = small_ram(policy="frozen"), glyph_pictures(6)
    model.loss(batch).total.backward()
    assert model.locator.weight.grad is None
    assert model.baseline.weight.grad is None
    assert model.output.weight.grad is not None
    assert bool(model.look(batch.pictures).locations[:, 1:].any())


def test_one_glimpse_has_nothing_to_decide():
    model, batch = small_ram(glimpses=1), glyph_pictures(6)
    loss = model.loss(batch)
    assert loss.total.item() == pytest.approx(loss.nll.item())
    assert model(batch.pictures).boxes.shape == (6, 1, 4)


class _Points:
    """The centre first, then these locations."""

    def __init__(self, points: torch.Tensor) -> None:
        self.turns = [torch.zeros_like(points), points]

    def locations(self, count: int) -> torch.Tensor:
        return self.turns.pop(0)

    def cells(self, count, grid):
        raise NotImplementedError


@pytest.mark.parametrize("baseline", [0.0, 0.8])
def test_the_expected_estimate_is_the_gradient_of_the_expected_reward(baseline):
    """The integral over all second locations by quadrature, of a picture for which the reward depends on the place."""
    torch.manual_seed(5)
    model = small_ram(glimpses=2, std=0.4, policy_weight=1.0).double()
    for layer in (model.reader.windows, model.from_glimpse, model.output):  # so that the label depends on the place
        torch.nn.init.normal_(layer.weight, std=0.7)
    picture = glyph_pictures(1, noise=1.0).pictures.double()
    side = torch.linspace(-4.0, 4.0, 81, dtype=torch.float64)
    points = torch.cartesian_prod(side, side)
    seen = model.look(picture.expand(len(points), -1, -1, -1), _Points(points.clamp(-1, 1)))
    first = model.look(picture, _Points(torch.zeros(1, 2, dtype=torch.float64)))
    state = torch.relu(
        model.recurrent(torch.zeros(1, 13).double())
        + model.from_glimpse(
            model.reader(retina(picture, torch.zeros(1, 2).double(), size=4, scales=2), torch.zeros(1, 2).double())
        )
    )
    assert first.state.shape == state.shape
    scaled = torch.nn.functional.layer_norm(state.detach(), (13,))
    mean = model.locator(scaled).expand(len(points), -1)
    log_probability = normal_log_probability(points, mean, 0.4)
    predicted = model.output(seen.state).argmax(-1)
    shares = torch.bincount(predicted, minlength=5) / len(points)
    label = (shares - 0.5).abs().argmin().expand(len(points))
    rewards = (predicted == label).double()
    assert 0.05 < float(rewards.mean()) < 0.95
    area = (0.1) ** 2
    leaf = log_probability.detach()[:, None].requires_grad_()
    constant = torch.full_like(seen.baseline, baseline)
    total = model.loss_of(seen._replace(log_probability=leaf, baseline=constant), label).total
    (coefficient,) = torch.autograd.grad(total, leaf)
    # Each point's coefficient times the gradient of its log-probability, weighted by its density.
    weights = log_probability.detach().exp() * area
    surrogate = (weights * coefficient.squeeze(1) * log_probability).sum()
    exact = -(log_probability.exp() * rewards).sum() * area
    for one, other in zip(
        torch.autograd.grad(surrogate, list(model.locator.parameters()), retain_graph=True),
        torch.autograd.grad(exact, list(model.locator.parameters())),
        strict=True,
    ):
        assert bool(other.any())
        assert torch.allclose(one, other, atol=1e-9)
