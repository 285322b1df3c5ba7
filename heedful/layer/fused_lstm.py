"""Whether torch's fused LSTM runs in half precision on this processor.

Under autocast torch runs an LSTM on the CPU by oneDNN. oneDNN supports it in bfloat16 only on AVX-512 and later, and in
float16 on fewer processors and without gradients. Elsewhere it raises "could not create a primitive descriptor". One
tiny call tests it: a list of processors would become outdated, and environment variables can restrict oneDNN.
"""

import logging
from functools import cache

import torch

_LOG = logging.getLogger(__name__)


@cache
def fused_lstm_runs_in(dtype: torch.dtype, *, learns: bool) -> bool:
    """Whether an LSTM on the CPU runs under autocast to `dtype`, with gradients if it `learns`.

    It draws no random numbers.
    """
    inputs, state = torch.zeros(1, 1, 1), torch.zeros(1, 1, 1)
    weights = [torch.zeros(*shape, requires_grad=learns) for shape in ((4, 1), (4, 1), (4,), (4,))]
    biased, layers, dropout, both_ways, batch_first = True, 1, 0.0, False, True
    try:
        with torch.set_grad_enabled(learns), torch.autocast("cpu", dtype=dtype):
            outputs = torch.lstm(
                inputs, (state, state), weights, biased, layers, dropout, learns, both_ways, batch_first
            )[0]
        if learns:
            outputs.sum().backward()
    except RuntimeError:
        return False
    return True


@cache
def say_that_float32_serves(dtype: torch.dtype) -> None:
    """Logs one line per process, by default to standard error."""
    name = str(dtype).removeprefix("torch.")
    _LOG.warning("torch cannot run an LSTM in %s on this processor: its layers are computed in float32.", name)
