"""One output for each sentence, chosen token by token: what greedy search and sampling share."""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from heedful.decode.hypothesis import Hypothesis, Stepwise, check_search, first_tokens, log_probabilities
from heedful.decode.trace import Ends, Trace
from heedful.shapes import EOS, take_rows

Chooser = Callable[[Tensor], Tensor]
"""Log-probabilities ``[R, V]`` to one token for each row ``[R]``."""


def follow(
    model: Stepwise, source: Int[Tensor, "B S"], lengths: Int[Tensor, " _"], *, choose: Chooser, max_length: int
) -> list[Hypothesis]:
    """Say what `choose` chooses until EOS, or until `max_length` tokens; finished sentences leave the batch.

    Returns: one hypothesis for each sentence, score and log-probability both the sum over its tokens.
    Raises: ValueError, when `max_length` is below 1.
    """
    check_search(source, lengths, max_length)
    if source.shape[0] == 0:
        return []
    with torch.no_grad():
        trace = Trace()
        return trace.read(_follow(model, source, lengths, choose, max_length, trace), lengths)


def _follow(model: Stepwise, source: Tensor, lengths: Tensor, choose: Chooser, max_length: int, trace: Trace) -> Ends:
    """Grow the trace, and say where each sentence's path in it ends."""
    memory = model.encode(source, lengths)
    state, token = model.start(memory), first_tokens(lengths)
    sentence = torch.arange(lengths.shape[0], device=lengths.device)
    level, row = torch.zeros_like(sentence), torch.zeros_like(sentence)
    total: Float[Tensor, " B"] = torch.zeros(lengths.shape[0], device=lengths.device)
    for length in range(1, max_length + 1):
        step = model.step(token, state, memory)
        trace.look(step.attention)
        log_probability = log_probabilities(step.logits)
        token = choose(log_probability)
        total[sentence] += log_probability.gather(1, token.unsqueeze(1)).squeeze(1)
        rows = torch.arange(token.shape[0], device=token.device)
        level[sentence], row[sentence] = length - 1, rows
        going = (token != EOS).nonzero().squeeze(1)
        if going.shape[0] == 0:
            break
        state = step.state
        if going.shape[0] < token.shape[0]:
            token, sentence = token[going], sentence[going]
            state, memory = take_rows((state, memory), going)
        trace.grow(going, token)
        level[sentence], row[sentence] = length, rows[: token.shape[0]]
    return Ends(total, total, level, row)
