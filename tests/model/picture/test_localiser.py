"""Localisers: one softmax over all cells, windows right at the edges, and a policy gradient that is exact."""

import pytest
import torch

from heedful import record
from heedful.choice import Selection
from heedful.model.picture.attribute_guided import (
    AttributeGuided,
    AttributeGuidedConfig,
    PartAttributes,
    overlapping,
)
from heedful.model.picture.fcan import FcanConfig, FullyConvolutionalAttention
from heedful.model.picture.localiser import Localiser, others_mean, window_means
from heedful.model.picture.output import encode_cells, window_boxes
from heedful.model.picture.policy import CentrePolicy, RandomPolicy
from heedful.model.picture.reward import greedy_reward
from tests.model.picture.glyphs import PatchEncoder, glyph_pictures

HEIGHT, WIDTH, DIM, PARTS = 3, 5, 7, 2
CELLS = HEIGHT * WIDTH


def small_localiser(policy: str = "learned") -> Localiser:
    return Localiser(DIM, PARTS, channels=11, policy=policy).double()


def test_maps_sum_to_one_over_the_cells_of_each_part():
    maps = small_localiser().maps(torch.randn(4, DIM, HEIGHT, WIDTH, dtype=torch.float64))
    assert maps.shape == (4, PARTS, CELLS)
    assert torch.allclose(maps.sum(-1), torch.ones(4, PARTS, dtype=torch.float64))


def test_the_attention_equals_two_convolutions_and_a_softmax_over_all_cells():
    localiser, cells = small_localiser(), torch.randn(4, DIM, HEIGHT, WIDTH, dtype=torch.float64)
    hidden = torch.relu(localiser.hidden(cells)).unflatten(1, (PARTS, 11))
    scores = [
        torch.nn.functional.conv2d(hidden[:, part], localiser.query[part].reshape(1, 11, 3, 3), padding=1)
        for part in range(PARTS)
    ]
    expected = torch.softmax(torch.cat(scores, dim=1).flatten(2), dim=-1)
    assert torch.allclose(localiser.maps(cells), expected, atol=1e-12)


def test_it_samples_in_training_by_its_map_and_takes_the_best_cell_in_evaluation():
    localiser, cells = small_localiser(), 3.0 * torch.randn(1, DIM, HEIGHT, WIDTH, dtype=torch.float64)
    many, windows = cells.expand(4000, -1, -1, -1), torch.zeros(4000, CELLS, 1, dtype=torch.float64)
    maps = localiser.maps(cells)[0]
    drawn = localiser(many, windows).index
    for part in range(PARTS):
        shares = torch.bincount(drawn[:, part], minlength=CELLS) / 4000
        assert bool(((shares - maps[part]).abs() < 0.04).all())
    assert len(drawn[:, 0].unique()) > 1
    best = localiser.eval()(many, windows).index
    assert torch.equal(best, maps.argmax(-1).expand(4000, -1))


def test_what_is_chosen_has_its_window_its_probability_and_its_entropy():
    localiser, cells = small_localiser(), torch.randn(4, DIM, HEIGHT, WIDTH, dtype=torch.float64)
    windows = torch.randn(4, CELLS, 3, dtype=torch.float64)
    chosen, maps = localiser(cells, windows), localiser.maps(cells)
    rows = torch.arange(4)[:, None]
    assert torch.equal(chosen.context, windows[rows, chosen.index])
    assert torch.allclose(chosen.log_probability.exp(), maps.gather(-1, chosen.index.unsqueeze(-1)).squeeze(-1))
    assert torch.allclose(chosen.entropy, -(maps * maps.log()).sum(-1))
    again = localiser.at(cells, windows, chosen.index)
    for one, other in zip(chosen, again, strict=True):
        assert torch.allclose(one, other)


def test_no_gradient_reaches_the_localiser_through_the_windows():
    localiser, cells = small_localiser(), torch.randn(4, DIM, HEIGHT, WIDTH, dtype=torch.float64)
    windows = torch.randn(4, CELLS, 3, dtype=torch.float64, requires_grad=True)
    localiser(cells, windows).context.square().sum().backward()
    assert all(parameter.grad is None or not parameter.grad.any() for parameter in localiser.parameters())
    assert windows.grad is not None
    assert bool(windows.grad.any())


def test_a_window_at_an_edge_is_the_mean_of_the_cells_that_there_are():
    cells = torch.randn(2, DIM, HEIGHT, WIDTH, dtype=torch.float64)
    means = window_means(cells, 3).unflatten(1, (HEIGHT, WIDTH))
    assert torch.allclose(means[:, 0, 0], cells[:, :, :2, :2].mean((2, 3)))
    assert torch.allclose(means[:, 1, 2], cells[:, :, 0:3, 1:4].mean((2, 3)))
    assert torch.allclose(means[:, 2, 4], cells[:, :, 1:3, 3:5].mean((2, 3)))
    assert torch.equal(window_means(cells, 1), cells.flatten(2).transpose(1, 2))
    assert torch.allclose(window_means(cells, 9)[:, 7], cells.mean((2, 3)))


def test_boxes_of_windows_have_their_cell_in_the_middle():
    boxes = window_boxes(torch.tensor([[0, 14]]), (HEIGHT, WIDTH), 3)
    assert boxes[0, 0].tolist() == pytest.approx([-0.2, -1 / 3, 0.4, 2 / 3])
    assert boxes[0, 1].tolist() == pytest.approx([0.6, 1 / 3, 1.2, 4 / 3])


def test_others_mean_leaves_the_row_itself_out():
    values = torch.tensor([[1.0], [2.0], [6.0]])
    assert others_mean(values).squeeze(1).tolist() == [4.0, 3.5, 1.5]
    assert others_mean(values[:1]).tolist() == [[0.0]]


def test_the_greedy_reward_asks_for_a_right_label_and_a_lower_loss_than_all_parts_before():
    right = torch.tensor([[True, True, True, True, False]])
    losses = torch.tensor([[0.5, 0.6, 0.4, 0.4, 0.1]])
    assert greedy_reward(right, losses).tolist() == [[1.0, 0.0, 1.0, 0.0, 0.0]]
    assert greedy_reward(torch.tensor([[False, True]]), torch.tensor([[0.1, 0.05]])).tolist() == [[0.0, 1.0]]
    # A part that is wrong still sets what the next ones have to fall below.
    assert greedy_reward(torch.tensor([[False, True]]), torch.tensor([[0.1, 0.2]])).tolist() == [[0.0, 0.0]]


# ---------------------------------------------------------------------------- exactness of the policy gradient


def gradients(total: torch.Tensor, parameters: list[torch.nn.Parameter]) -> list[torch.Tensor]:
    found = torch.autograd.grad(total, parameters, retain_graph=True, allow_unused=True)
    return [torch.zeros_like(each) if grad is None else grad for each, grad in zip(parameters, found, strict=True)]


def every_choice(model, batch):
    """The states of the cells, and for every cell that a single part may take, that choice."""
    cells = encode_cells(model.encoder, batch.pictures, None)
    windows = window_means(cells, model.config.window)
    for index in range(cells.shape[2] * cells.shape[3]):
        chosen = model.localiser.at(cells, windows, torch.full((len(batch.labels), 1), index))
        yield cells, chosen


@pytest.mark.parametrize("reward", ["greedy", "likelihood"])
@pytest.mark.parametrize("baseline", [0.0, -1.7, 3.0])
def test_the_expected_estimate_is_the_gradient_of_the_expected_reward_for_any_baseline(reward, baseline, monkeypatch):
    """Sum over all cells l of pi(l) times the estimate at l, against the exact gradient of sum_l pi(l) R(l)."""
    config = FcanConfig(parts=1, window=1, whole=False, reward=reward, entropy_weight=0.0, dropout=0.0)
    model = FullyConvolutionalAttention(config, PatchEncoder(DIM), classes=5).double()
    batch = glyph_pictures(1)
    batch = batch._replace(pictures=batch.pictures.double())
    parameters = list(model.localiser.parameters())
    monkeypatch.setattr("heedful.model.picture.fcan.others_mean", lambda values: torch.full_like(values, baseline))
    estimate = [torch.zeros_like(each) for each in parameters]
    expected_reward = torch.zeros((), dtype=torch.float64)
    rewards = []
    for cells, chosen in every_choice(model, batch):
        probability = chosen.log_probability.exp().squeeze()
        detached = Selection(chosen.context.detach(), chosen.index, chosen.log_probability, chosen.entropy)
        total = model.loss_at(cells, detached, batch.labels).total
        found = gradients(total, parameters)
        estimate = [sum_ + probability.detach() * grad for sum_, grad in zip(estimate, found, strict=True)]
        logits = model.outputs[0](chosen.context[:, 0])
        right = logits.argmax(-1) == batch.labels
        loss = torch.nn.functional.cross_entropy(logits, batch.labels).detach()
        rewards.append(float(right) if reward == "greedy" else -float(loss))
        expected_reward = expected_reward + probability * rewards[-1]
    assert max(rewards) > min(rewards)  # or the gradient would be 0, whatever the code does
    exact = gradients(-expected_reward, parameters)
    assert any(bool(grad.any()) for grad in exact)
    for one, other in zip(estimate, exact, strict=True):
        assert torch.allclose(one, other, atol=1e-12)


def test_rewards_are_of_each_picture_by_itself_and_not_their_mean():
    """Two pictures, one right and one wrong: the right one is pushed up and the wrong one down."""
    config = FcanConfig(parts=1, window=1, whole=False, entropy_weight=0.0, dropout=0.0)
    model = FullyConvolutionalAttention(config, PatchEncoder(DIM), classes=2)
    cells = torch.zeros(2, DIM, 1, 2)
    log_probability = torch.full((2, 1), -0.7, requires_grad=True)
    context = torch.randn(1, 1, DIM).expand(2, -1, -1)
    chosen = Selection(context, torch.zeros(2, 1, dtype=torch.long), log_probability, torch.zeros(2, 1))
    predicted = int(model.outputs[0](context[0]).argmax())
    model.loss_at(cells, chosen, torch.tensor([predicted, 1 - predicted])).total.backward()
    # R - b is 1 - 0 for the first and 0 - 1 for the second.
    assert log_probability.grad is not None
    assert log_probability.grad.flatten().tolist() == [-1.0, 1.0]


def test_the_reward_sends_no_gradient_into_the_output():
    """With likelihood as reward, the loss of the output is that of the label alone."""
    config = FcanConfig(parts=1, window=1, whole=False, reward="likelihood", entropy_weight=0.0, dropout=0.0)
    model = FullyConvolutionalAttention(config, PatchEncoder(DIM), classes=5)
    batch = glyph_pictures(5)
    cells = encode_cells(model.encoder, batch.pictures, None)
    chosen = model.localiser(cells, window_means(cells, 1))
    total = model.loss_at(cells, chosen, batch.labels).total
    plain = torch.nn.functional.cross_entropy(model.outputs[0](chosen.context[:, 0]), batch.labels, reduction="sum")
    weight = [model.outputs[0].weight]
    assert torch.allclose(gradients(total, weight)[0], gradients(plain, weight)[0], atol=1e-5)


# ------------------------------------------------------------------------------------------ controls and recording


def test_a_frozen_policy_does_not_learn_and_a_centre_policy_looks_at_the_centre():
    frozen = small_localiser("frozen")
    assert not any(parameter.requires_grad for parameter in frozen.parameters())
    cells, windows = torch.randn(3, DIM, HEIGHT, WIDTH, dtype=torch.float64), torch.zeros(3, CELLS, 1).double()
    centre = small_localiser("centre")
    assert centre(cells, windows).index.tolist() == [[7, 7]] * 3
    assert centre.eval()(cells, windows).index.tolist() == [[7, 7]] * 3


def test_a_policy_takes_the_place_of_what_was_learnt():
    localiser = small_localiser().eval()
    cells, windows = torch.randn(300, DIM, HEIGHT, WIDTH).double(), torch.zeros(300, CELLS, 1).double()
    assert set(localiser(cells, windows, CentrePolicy()).index.flatten().tolist()) == {7}
    drawn = localiser(cells, windows, RandomPolicy(torch.Generator().manual_seed(1))).index
    again = localiser(cells, windows, RandomPolicy(torch.Generator().manual_seed(1))).index
    assert torch.equal(drawn, again)
    assert set(drawn.flatten().tolist()) == set(range(CELLS))


def test_the_recorder_sees_a_map_for_each_part_and_changes_nothing():
    model = FullyConvolutionalAttention(FcanConfig(parts=3), PatchEncoder(8), classes=5).eval()
    pictures = glyph_pictures(5).pictures
    plain = model(pictures)
    with record(model) as recording:
        recorded = model(pictures)
    assert torch.equal(plain.logits, recorded.logits)
    (maps,) = recording.maps.values()
    assert plain.maps is not None
    assert torch.allclose(maps.squeeze(2), plain.maps)


def test_windows_overlap_when_they_share_a_cell():
    index = torch.tensor([[0, 1, 14], [0, 3, 14], [6, 6, 14]])
    assert overlapping(index, (HEIGHT, WIDTH), 3).tolist() == [
        [True, True, False],
        [False, True, True],
        [True, True, False],
    ]
    assert overlapping(index, (HEIGHT, WIDTH), 1).tolist() == [[False] * 3, [False] * 3, [True, True, False]]


def test_attributes_alone_move_the_localisers():
    """The loss of the label has no gradient into a localiser: its windows are constants for it."""
    table = PartAttributes(torch.eye(5)[:, :4], {"a": (0, 1), "b": (2, 3)})
    config = AttributeGuidedConfig(window=1, policy_weight=0.0, dropout=0.0)
    model = AttributeGuided(config, PatchEncoder(DIM), classes=5, attributes=table)
    model.loss(glyph_pictures(5)).total.backward()
    for parameter in model.localiser.parameters():
        assert parameter.grad is None or not parameter.grad.any()
    assert model.describe[0].weight.grad is not None
