"""One output for each sentence, chosen token by token: what greedy search and sampling share."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from heedful.decode.constraint import Constraint, begin_rule
from heedful.decode.hypothesis import Hypothesis, Stepwise, check_search, first_tokens, log_probabilities
from heedful.decode.trace import Ends, Trace
from heedful.shapes import EOS, take_rows

Chooser = Callable[[Tensor], Tensor]
"""Log-probabilities ``[R, V]`` to one token for each row ``[R]``."""


def follow(
    model: Stepwise,
    source: Int[Tensor, "B S"],
    lengths: Int[Tensor, " _"],
    *,
    choose: Chooser,
    constraint: Constraint | None,
    max_length: int,
) -> list[Hypothesis]:
    """Say what `choose` chooses until EOS, or until `max_length` tokens; finished sentences leave the batch.

    What `constraint` forbids has log-probability minus infinity when `choose` sees it.
    Returns: one hypothesis for each sentence, score and log-probability both the sum over its tokens.
    Raises: ValueError, when `max_length` is below 1, or too few for the constraint.
    """
    check_search(source, lengths, max_length)
    if source.shape[0] == 0:
        return []
    with torch.no_grad():
        trace = Trace()
        path = _Path(model, choose, constraint, max_length)
        return trace.read(path.run(source, lengths, trace), lengths)


@dataclass(frozen=True)
class _Path:
    """What does not change on the way."""

    model: Stepwise
    choose: Chooser
    constraint: Constraint | None
    longest: int

    def run(self, source: Tensor, lengths: Tensor, trace: Trace) -> Ends:
        """Grow the trace, and say where each sentence's path in it ends."""
        memory = self.model.encode(source, lengths)
        state, token = self.model.start(memory), first_tokens(lengths)
        rule = begin_rule(self.constraint, source, lengths, longest=self.longest)
        sentence = torch.arange(lengths.shape[0], device=lengths.device)
        level, row = torch.zeros_like(sentence), torch.zeros_like(sentence)
        total: Float[Tensor, " B"] = torch.zeros(lengths.shape[0], device=lengths.device)
        for length in range(1, self.longest + 1):
            step = self.model.step(token, state, memory)
            trace.look(step.attention)
            log_probability = rule.restrict(log_probabilities(step.logits))
            token = self.choose(log_probability)
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
            rule = rule.grow(going, token)
            trace.grow(going, token)
            level[sentence], row[sentence] = length, rows[: token.shape[0]]
        return Ends(total, total, level, row)
