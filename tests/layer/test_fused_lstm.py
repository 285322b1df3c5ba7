"""An LSTM in half precision, on processors where torch's fused LSTM has it and where it does not."""

import pytest
import torch

from heedful.layer import fused_lstm
from heedful.layer.fused_lstm import fused_lstm_runs_in
from heedful.layer.recurrent import GRU, LSTM, Recurrent

HALF = pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
LENGTHS = pytest.mark.parametrize("lengths", [None, torch.tensor([7, 7]), torch.tensor([3, 7])], ids=str)
STARTS = pytest.mark.parametrize("start", [None, torch.float32, torch.bfloat16], ids=str)


def make_layer(kind=LSTM, **others) -> Recurrent:
    return Recurrent(kind, 5, 3, layers=2, **others)


@HALF
@pytest.mark.parametrize("learns", [True, False])
def test_the_probe_tells_what_torch_does(dtype, learns):
    """Asked of this very processor; `.ci/as-avx2` asks for one that cannot."""
    torch.manual_seed(1)
    expected = torch.get_rng_state()
    fused_lstm_runs_in.cache_clear()
    runs = fused_lstm_runs_in(dtype, learns=learns)
    assert torch.get_rng_state().equal(expected), "a probe that draws would change what is trained"
    try:
        with torch.set_grad_enabled(learns), torch.autocast("cpu", dtype=dtype):
            torch.nn.LSTM(4, 3)(torch.zeros(2, 1, 4))
    except RuntimeError:
        assert not runs
    else:
        assert runs


def test_the_probe_asks_once(monkeypatch):
    calls = []

    def failing(*_, **__):
        calls.append(1)
        raise RuntimeError("could not create a primitive descriptor")

    monkeypatch.setattr(torch, "lstm", failing)
    fused_lstm_runs_in.cache_clear()
    assert [fused_lstm_runs_in(torch.bfloat16, learns=True) for _ in range(3)] == [False] * 3
    assert len(calls) == 1
    fused_lstm_runs_in.cache_clear()


@HALF
@STARTS
@pytest.mark.parametrize("learns", [True, False])
@LENGTHS
@pytest.mark.parametrize("bidirectional", [True, False])
def test_every_processor_runs_it(dtype, start, learns, lengths, bidirectional):
    """No processor is simulated here: this is for the one that the tests run on."""
    layer, inputs = make_layer(bidirectional=bidirectional), torch.randn(2, 7, 5)
    state = None if start is None else tuple(torch.zeros(2, 4 if bidirectional else 2, 3, dtype=start) for _ in "hc")
    state = None if bidirectional else state  # one that starts anywhere goes forwards
    with torch.set_grad_enabled(learns), torch.autocast("cpu", dtype=dtype):
        outputs, final = layer(inputs, state, lengths=lengths)
    assert outputs.isfinite().all()
    if lengths is None:
        assert {outputs.dtype, *(part.dtype for part in final)} == {dtype}
    if learns:
        outputs.float().sum().backward()
        assert all(parameter.grad.isfinite().all() for parameter in layer.parameters())


@HALF
@LENGTHS
def test_float32_serves_where_the_processor_cannot(no_half_lstm, dtype, lengths, caplog):
    layer, inputs = make_layer(), torch.randn(2, 7, 5)
    exact, end = layer(inputs, lengths=lengths)
    with torch.autocast("cpu", dtype=dtype):
        outputs, final = layer(inputs, lengths=lengths)
        again, _ = layer(inputs, lengths=lengths)
        stepped, _ = layer.step(inputs[:, 0], tuple(torch.zeros(2, 2, 3) for _ in "hc"))
    assert outputs.equal(exact.to(dtype)), "computed in float32, handed on in the dtype that was asked for"
    assert again.equal(outputs)
    torch.testing.assert_close(stepped, outputs[:, 0])
    assert all(part.equal(true.to(dtype)) for part, true in zip(final, end, strict=True))
    outputs.float().sum().backward()
    assert all(parameter.grad.isfinite().all() for parameter in layer.parameters())
    name = str(dtype).removeprefix("torch.")
    said = f"torch cannot run an LSTM in {name} on this processor: its layers are computed in float32."
    assert [record.getMessage() for record in caplog.records] == [said], "one line, however many calls"


def test_nothing_is_said_where_nothing_changes(no_half_lstm, caplog):
    """A GRU and what is in half precision already go through torch's loops; float32 and float64 need no other."""
    with torch.autocast("cpu", dtype=torch.bfloat16):
        make_layer(GRU)(torch.randn(2, 7, 5))
        make_layer()(torch.randn(2, 7, 5).bfloat16())
        make_layer().double()(torch.randn(2, 7, 5).double())
    make_layer()(torch.randn(2, 7, 5))
    assert not caplog.records


def test_a_processor_that_can_keeps_torch_s_bits(monkeypatch):
    """Where the fused LSTM runs, it is called as it was: with the very inputs, under autocast."""
    layer, inputs, seen = make_layer(), torch.randn(2, 7, 5), []

    def fused(self, inputs, state=None):
        seen.append((inputs, state, torch.is_autocast_enabled("cpu")))
        return inputs[..., :3], (torch.zeros(2, 2, 3),) * 2

    monkeypatch.setattr(torch.nn.LSTM, "forward", fused)
    monkeypatch.setattr("heedful.layer.recurrent.fused_lstm_runs_in", lambda dtype, learns: True)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        layer(inputs)
    assert seen == [(inputs, None, True)]


def test_the_line_reaches_standard_error_where_logging_is_not_set_up(no_half_lstm, capfd):
    fused_lstm._LOG.propagate, before = False, fused_lstm._LOG.propagate  # pytest's handlers stand for none here
    try:
        fused_lstm.say_that_float32_serves(torch.bfloat16)
        fused_lstm.say_that_float32_serves(torch.bfloat16)
    finally:
        fused_lstm._LOG.propagate = before
    assert capfd.readouterr().err.count("\n") == 1
