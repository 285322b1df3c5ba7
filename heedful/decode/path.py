"""One output per row, chosen token by token: the loop of greedy search and sampling."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from heedful.decode.constraint import Constraint, begin_rule
from heedful.decode.hypothesis import Hypothesis
from heedful.decode.stepwise import Stepwise, first_tokens, log_probabilities, output_limits
from heedful.decode.trace import Ends, Trace
from heedful.shapes import EOS, take_rows

Chooser = Callable[[Tensor], Tensor]
"""A function from log-probabilities ``[R, V]`` to one token per row ``[R]``."""


def follow(
    model: Stepwise,
    memory: Any,
    *,
    choose: Chooser,
    constraint: Constraint | None,
    attention: bool,
    max_length: int | Int[Tensor, " _"],
) -> list[Hypothesis]:
    """Adds the tokens that `choose` returns until EOS or the length limit; finished rows leave the batch.

    Tokens that `constraint` forbids have log-probability minus infinity in the argument of `choose`. With `attention`
    the model's attention weights are recorded.
    Returns: one hypothesis per row of memory; score and log-probability are both the sum over its tokens.
    Raises: ValueError, when `max_length` is below 1, or too small for the constraint.
    """
    limits = output_limits(memory, max_length)
    if limits.shape[0] == 0:
        return []
    with torch.no_grad():
        trace = Trace()
        path = _Path(model, choose, constraint, limits, attention)
        return trace.read(path.run(memory, trace))


@dataclass(frozen=True)
class _Path:
    """The settings of the loop, which do not change while it runs."""

    model: Stepwise
    choose: Chooser
    constraint: Constraint | None
    limits: Int[Tensor, " B"]
    attention: bool

    def run(self, memory: Any, trace: Trace) -> Ends:
        """Grow the trace, and return where each row's output ends in it."""
        state, token = self.model.start(memory), first_tokens(self.limits)
        rule = begin_rule(self.constraint, self.limits)
        # The batch shrinks as outputs end; `sentence` is the original row of each remaining row.
        sentence = torch.arange(self.limits.shape[0], device=self.limits.device)
        level, row = torch.zeros_like(sentence), torch.zeros_like(sentence)
        total: Float[Tensor, " B"] = torch.zeros(self.limits.shape[0], device=self.limits.device)
        shortest = int(self.limits.min())
        for length in range(1, int(self.limits.max()) + 1):
            step = self.model.step(token, state, memory)
            if self.attention and step.attention is not None:
                trace.record(step.attention())
            log_probability = rule.restrict(log_probabilities(step.logits))
            token = self.choose(log_probability)
            total[sentence] += log_probability.gather(1, token.unsqueeze(1)).squeeze(1)
            rows = torch.arange(token.shape[0], device=token.device)
            # First as if all rows ended here with EOS; rows with another token are corrected after `trace.grow`.
            level[sentence], row[sentence] = length - 1, rows
            grown = (token != EOS).nonzero().squeeze(1)
            going = grown
            # Rows that are cut here are written last: the first rows of a level are those of the batch.
            if length >= shortest:
                at_limit = self.limits[sentence[grown]] <= length
                going = grown[~at_limit]
                grown = torch.cat([going, grown[at_limit]])
            trace.grow(grown, token[grown])
            level[sentence[grown]], row[sentence[grown]] = length, rows[: grown.shape[0]]
            if going.shape[0] == 0:
                break
            state = step.state
            # Only if rows have left the batch: taking rows copies the memory.
            if going.shape[0] < token.shape[0]:
                token, sentence = token[going], sentence[going]
                state, memory = take_rows((state, memory), going)
            rule = rule.grow(going, token)
        return Ends(total, total, level, row)
