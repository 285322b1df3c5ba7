"""Output layers for many labels: probabilities sum to 1; sampling is unbiased, and exact with all labels drawn."""

from itertools import combinations

import pytest
import torch

from heedful.layer.label import LabelOutput, label_loss
from heedful.layer.many_labels import HierarchicalOutput, SampledOutput, sampled_loss

SIZES = [1, 2, 3, 4, 5, 7, 9, 13, 17]


def hierarchy(labels: int, dim: int = 5) -> HierarchicalOutput:
    torch.manual_seed(labels)
    output = HierarchicalOutput(dim, labels).double()
    with torch.no_grad():
        output.bias.normal_()
        output.group_bias.normal_()
    return output


@torch.no_grad()
def by_hand(output: HierarchicalOutput, feature: torch.Tensor) -> list[float]:
    """Each label's log p(group) + log p(label | group), label by label."""
    groups = torch.log_softmax(output.group_weight @ feature + output.group_bias, 0)
    scores = output.weight @ feature + output.bias
    found = []
    for label in range(len(scores)):
        group = label // output.size
        members = scores[group * output.size : (group + 1) * output.size]
        found.append(float(groups[group] + scores[label] - members.logsumexp(0)))
    return found


@pytest.mark.parametrize("labels", SIZES)
def test_the_probabilities_of_a_hierarchy_sum_to_one(labels: int) -> None:
    found = hierarchy(labels)(torch.randn(3, 5, dtype=torch.float64))
    assert found.shape == (3, labels)
    torch.testing.assert_close(found.exp().sum(-1), torch.ones(3, dtype=torch.float64))


@pytest.mark.parametrize("labels", SIZES)
def test_the_best_labels_of_a_hierarchy_are_those_of_brute_force(labels: int) -> None:
    output, features = hierarchy(labels), torch.randn(4, 5, dtype=torch.float64)
    for row, feature in zip(output(features), features, strict=True):
        wanted = by_hand(output, feature)
        assert row.tolist() == pytest.approx(wanted)
        ranked = sorted(range(labels), key=lambda label: -wanted[label])
        assert row.topk(min(3, labels)).indices.tolist() == ranked[:3]


@pytest.mark.parametrize("labels", SIZES)
def test_the_loss_of_a_hierarchy_is_that_of_its_probabilities(labels: int) -> None:
    output, features = hierarchy(labels), torch.randn(7, 5, dtype=torch.float64)
    gold = torch.arange(7) % labels
    gold[2] = -1
    loss = output.loss(features, gold)
    wanted = label_loss(output(features), gold)
    torch.testing.assert_close(loss.total, wanted.total)
    torch.testing.assert_close(loss.nll, wanted.nll)
    assert loss.tokens == wanted.tokens == 6
    found = torch.autograd.grad(loss.total, list(output.parameters()))
    for gradient, other in zip(found, torch.autograd.grad(wanted.total, list(output.parameters())), strict=True):
        torch.testing.assert_close(gradient, other)


def test_both_softmaxes_of_a_hierarchy_are_smoothed() -> None:
    output, feature = hierarchy(7), torch.randn(1, 5, dtype=torch.float64)
    groups = torch.log_softmax(feature @ output.group_weight.T + output.group_bias, -1)[0]
    # 7 labels in groups of 3, 3 and 1: the last is alone in its group.
    within = output(feature)[0, :3] - groups[0]
    e = 0.3
    wanted = -(1 - e) * (groups[0] + within[1]) - e * (groups.mean() + within.mean())
    torch.testing.assert_close(output.loss(feature, torch.tensor([1]), smoothing=e).total, wanted)
    last = -(1 - e) * groups[2] - e * groups.mean()
    torch.testing.assert_close(output.loss(feature, torch.tensor([6]), smoothing=e).total, last)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("samples", [11, 50])
def test_with_all_labels_sampled_the_loss_is_the_full_one(samples: int, smoothing: float) -> None:
    weight, bias = (torch.randn(*shape, dtype=torch.float64, requires_grad=True) for shape in ((13, 5), (13,)))
    features = torch.randn(6, 5, dtype=torch.float64, requires_grad=True)
    gold = torch.tensor([3, -1, 12, 3, 0, -1])
    loss = sampled_loss(features, weight, bias, labels=gold, samples=samples, smoothing=smoothing)
    wanted = label_loss(features @ weight.T + bias, gold, smoothing=smoothing)
    torch.testing.assert_close(loss.total, wanted.total)
    torch.testing.assert_close(loss.nll, wanted.nll)
    assert loss.tokens == wanted.tokens == 4
    inputs = [features, weight, bias]
    found, exact = (torch.autograd.grad(one.total, inputs) for one in (loss, wanted))
    for gradient, other in zip(found, exact, strict=True):
        torch.testing.assert_close(gradient, other)


def test_over_all_samples_the_normaliser_and_its_gradient_are_those_of_all_labels(monkeypatch) -> None:
    """The mean over every subset that may be drawn equals the full sum: the estimate is unbiased."""
    labels, samples = 7, 2
    torch.manual_seed(0)
    weight, bias = torch.randn(labels, 3, dtype=torch.float64, requires_grad=True), torch.randn(labels).double()
    feature, gold = torch.randn(1, 3, dtype=torch.float64), torch.tensor([4])
    logits = (feature @ weight.T + bias)[0]
    (exact,) = torch.autograd.grad(logits.exp().sum(), weight)
    others = [label for label in range(labels) if label != 4]
    sums, gradients = [], []
    for drawn in combinations(others, samples):
        order = torch.tensor([*drawn, *(label for label in range(labels) if label not in drawn)])
        monkeypatch.setattr(torch, "randperm", lambda count, order=order, **_: order)
        loss = sampled_loss(feature, weight, bias, labels=gold, samples=samples)
        # nll = log Z - logit of the label, so that Z = exp(nll + logit).
        estimate = (loss.total + (feature @ weight.T + bias)[0, 4]).exp()
        sums.append(estimate.detach())
        gradients.append(torch.autograd.grad(estimate, weight)[0])
    torch.testing.assert_close(torch.stack(sums).mean(), logits.exp().sum().detach())
    torch.testing.assert_close(torch.stack(gradients).mean(0), exact)
    assert torch.stack(sums).std() > 0.1, "each alone is another"


def test_more_samples_come_closer_to_the_full_gradient() -> None:
    torch.manual_seed(1)
    weight, bias = torch.randn(301, 8, requires_grad=True), torch.zeros(301)
    features, gold = torch.randn(5, 8), torch.tensor([0, 1, 2, 3, 300])
    (exact,) = torch.autograd.grad(label_loss(features @ weight.T + bias, gold).total, weight)

    def error(samples: int) -> float:
        drawn = [
            torch.autograd.grad(sampled_loss(features, weight, bias, labels=gold, samples=samples).total, weight)[0]
            for _ in range(40)
        ]
        return float((torch.stack(drawn).mean(0) - exact).norm() / exact.norm())

    few, many = error(5), error(150)
    assert many < few / 2
    assert many < 0.1


def test_sampling_follows_the_seed_and_touches_only_the_labels_drawn() -> None:
    torch.manual_seed(2)
    output = SampledOutput(4, 101, samples=7)
    features, gold = torch.randn(3, 4), torch.tensor([5, 5, 9])

    def gradient(seed: int) -> torch.Tensor:
        torch.manual_seed(seed)
        (found,) = torch.autograd.grad(output.loss(features, gold).total, output.weight)
        return found

    assert torch.equal(gradient(1), gradient(1))
    assert not torch.equal(gradient(1), gradient(2))
    assert int(gradient(1).any(-1).sum()) == 2 + 7


def test_without_any_label_there_is_no_loss() -> None:
    for output in (SampledOutput(4, 7, samples=3), HierarchicalOutput(4, 7)):
        loss = output.loss(torch.randn(2, 4), torch.tensor([-1, -1]))
        assert (loss.total.item(), loss.nll.item(), loss.tokens) == (0.0, 0.0, 0)
        loss.total.backward()


def test_sampled_weights_begin_and_answer_as_full_ones() -> None:
    torch.manual_seed(3)
    full = LabelOutput(4, 7, max_norm=0.5)
    torch.manual_seed(3)
    sampled = SampledOutput(4, 7, samples=3, max_norm=0.5)
    sampled.load_state_dict(full.state_dict())
    features = torch.randn(2, 4)
    assert torch.equal(full(features), sampled(features))


@pytest.mark.parametrize(
    "output", [SampledOutput(4, 7, samples=3, max_norm=0.1), HierarchicalOutput(4, 7, max_norm=0.1)]
)
def test_rows_stay_within_the_bound(output: SampledOutput | HierarchicalOutput) -> None:
    for parameter in output.parameters():
        if parameter.ndim == 2:
            assert parameter.norm(dim=1).max() <= 0.1 + 1e-6


def test_half_precision_is_summed_in_float32() -> None:
    gold = torch.tensor([0, 3])
    for output in (SampledOutput(4, 7, samples=3), HierarchicalOutput(4, 7)):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            assert output.loss(torch.randn(2, 4), gold).total.dtype == torch.float32
