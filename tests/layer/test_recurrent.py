"""Recurrent layers: cells against their papers' equations, whole runs against steps, padding against its absence."""

import pytest
import torch
from torch import nn

from heedful.layer.recurrent import GRU, LSTM, GatedCell, Kind, LongCell, Recurrent, Stack

KINDS = pytest.mark.parametrize("kind", [GRU, LSTM], ids=["gru", "lstm"])
FORMS = pytest.mark.parametrize(("layers", "bidirectional"), [(1, False), (1, True), (3, True)])


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def shake(module: nn.Module, seed: int = 1) -> nn.Module:
    """Every parameter drawn anew, biases too, in float64: so that none can be left out unseen."""
    module.double()
    for number, parameter in enumerate(module.parameters()):
        parameter.data = 0.5 * draw(*parameter.shape, seed=seed + number)
    return module


def test_gated_cell_is_the_paper_s() -> None:
    cell = shake(GatedCell(extra_dim=5, hidden_dim=3))
    base, extra, hidden = draw(2, 9), draw(2, 5, seed=1), draw(2, 3, seed=2)
    x_z, x_r, x = (base + extra @ cell.extra_weight).chunk(3, dim=-1)
    u_z, u_r = cell.gate_weight.chunk(2, dim=-1)
    z = torch.sigmoid(x_z + hidden @ u_z)
    r = torch.sigmoid(x_r + hidden @ u_r)
    candidate = torch.tanh(x + (r * hidden) @ cell.candidate_weight)
    (after,) = cell(base, extra, (hidden,))
    torch.testing.assert_close(after, (1 - z) * hidden + z * candidate)


def test_update_gate_multiplies_the_new_candidate() -> None:
    cell = shake(GatedCell(extra_dim=2, hidden_dim=3))
    hidden, extra = draw(1, 3), draw(1, 2)
    shut = torch.cat([torch.full((1, 3), -1e3), torch.zeros(1, 6)], dim=-1).double()
    (kept,) = cell(shut, extra, (hidden,))
    torch.testing.assert_close(kept, hidden)


def test_long_cell_is_torch_s() -> None:
    ours = shake(LongCell(extra_dim=5, hidden_dim=3))
    theirs = nn.LSTMCell(5, 3, dtype=torch.float64)

    def reorder(weight: torch.Tensor) -> torch.Tensor:
        enter, forget, leave, candidate = weight.chunk(4, dim=-1)
        return torch.cat([enter, forget, candidate, leave], dim=-1)

    theirs.weight_ih.data = reorder(ours.extra_weight.data).T
    theirs.weight_hh.data = reorder(ours.hidden_weight.data).T
    theirs.bias_ih.data = reorder(ours.bias.data)
    theirs.bias_hh.data.zero_()
    extra, hidden, memory = draw(2, 5), draw(2, 3, seed=1), draw(2, 3, seed=2)
    after = ours(ours.bias, extra, (hidden, memory))
    torch.testing.assert_close(after, theirs(extra, (hidden, memory)))


@KINDS
def test_cells_have_right_gradients(kind: Kind) -> None:
    cell = shake(kind.cell(2, 3))
    inputs = [draw(2, cell.bias.shape[0]), draw(2, 2, seed=1), *(draw(2, 3, seed=2 + i) for i in range(kind.parts))]
    for tensor in inputs:
        tensor.requires_grad_()
    assert torch.autograd.gradcheck(lambda base, extra, *state: cell(base, extra, state), inputs)


def test_forget_gate_starts_open() -> None:
    assert LongCell(2, 3).bias.tolist() == [0.0] * 3 + [1.0] * 3 + [0.0] * 6
    run = Recurrent(LSTM, 2, 3, layers=2, bidirectional=True).run
    for name, parameter in run.named_parameters():
        if name.startswith("bias"):
            expected = [0.0] * 3 + [float(name.startswith("bias_ih"))] * 3 + [0.0] * 6
            assert parameter.tolist() == expected
    assert Recurrent(LSTM, 2, 3, forget=-2.0).run.bias_ih_l0.tolist() == [0.0] * 3 + [-2.0] * 3 + [0.0] * 6


@pytest.mark.parametrize("kind", [GRU, LSTM])
def test_a_layer_keeps_what_it_read_as_long_as_its_gates_begin(kind: Kind) -> None:
    news, kept = torch.zeros(1, 20, 4), {}
    news[0, 0] = 1.0
    for forget in (-4.0, None, 6.0):
        torch.manual_seed(0)
        layer = Recurrent(kind, 4, 8, forget=forget)
        told = (layer(news)[0] - layer(torch.zeros_like(news))[0]).detach()[0]
        kept[forget] = float(told[10].norm() / told[0].norm())
    assert kept[-4.0] < 0.5 * kept[None] < kept[None] < 0.5 * kept[6.0]


def test_a_gru_has_no_other_bias() -> None:
    assert not Recurrent(GRU, 2, 3).run.bias_ih_l0.any()
    assert Recurrent(GRU, 2, 3, forget=-2.0).run.bias_ih_l0.tolist() == [0.0] * 3 + [-2.0] * 3 + [0.0] * 3


@KINDS
@FORMS
def test_a_padded_row_is_as_if_alone(kind: Kind, layers: int, bidirectional: bool) -> None:
    recurrent = shake(Recurrent(kind, 5, 3, layers=layers, bidirectional=bidirectional))
    inputs, lengths = draw(4, 7, 5), torch.tensor([3, 7, 1, 5])
    inputs[0, 3:] = torch.nan
    outputs, final = recurrent(inputs, lengths=lengths)
    for row, length in enumerate(lengths.tolist()):
        alone, end = recurrent(inputs[row : row + 1, :length])
        torch.testing.assert_close(outputs[row : row + 1, :length], alone)
        assert outputs[row, length:].eq(0).all()
        torch.testing.assert_close(tuple(part[row : row + 1] for part in final), end)


@KINDS
def test_the_backward_direction_ends_at_the_first_word(kind: Kind) -> None:
    recurrent = shake(Recurrent(kind, 5, 3, layers=2, bidirectional=True))
    outputs, final = recurrent(draw(2, 7, 5), lengths=torch.tensor([7, 4]))
    torch.testing.assert_close(final[0][:, -1, 3:], outputs[:, 0, 3:])
    torch.testing.assert_close(final[0][1, -1, :3], outputs[1, 3, :3])


@KINDS
def test_one_step_at_a_time_is_all_at_once(kind: Kind) -> None:
    recurrent = shake(Recurrent(kind, 5, 3, layers=2))
    inputs = draw(2, 7, 5)
    state = tuple(draw(2, 2, 3, seed=part) for part in range(kind.parts))
    outputs, final = recurrent(inputs, state)
    steps = []
    for t in range(7):
        output, state = recurrent.step(inputs[:, t], state)
        steps.append(output)
    torch.testing.assert_close(torch.stack(steps, dim=1), outputs)
    torch.testing.assert_close(state, final)


@KINDS
def test_a_stack_feeds_each_layer_from_the_one_below(kind: Kind) -> None:
    stack = shake(Stack(kind, 5, 3, extra_dim=2, layers=2))
    inputs, extra = draw(2, 5), draw(2, 2, seed=1)
    before = stack.begin(tuple(draw(2, 2, 3, seed=2 + part) for part in range(kind.parts)))
    after = stack(stack.project(inputs), extra, before)
    low, (high,) = stack.bottom, stack.upper
    expected_low = low(inputs @ stack.input_weight.T + low.bias, extra, before[0])
    torch.testing.assert_close(after[0], expected_low)
    torch.testing.assert_close(after[1], high(high.bias, expected_low[0], before[1]))


@KINDS
def test_recurrent_weights_start_orthogonal(kind: Kind) -> None:
    weight = Recurrent(kind, 5, 3).run.weight_hh_l0
    for block in weight.split(3):
        torch.testing.assert_close(block @ block.T, torch.eye(3))
