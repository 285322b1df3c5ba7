"""Beam search: the best outputs among those whose beginnings stayed among the best."""

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from heedful.decode.constraint import Constraint, begin_rule
from heedful.decode.frontier import Found, Live, Steps, next_steps
from heedful.decode.hypothesis import Hypothesis
from heedful.decode.penalty import Penalty
from heedful.decode.stepwise import Masked, Sharing, Stepwise, first_tokens, log_probabilities, output_limits
from heedful.decode.trace import Ends, Trace
from heedful.layer.step import Step
from heedful.shapes import take_rows


def beam(  # noqa: PLR0913 - what is searched, and numbers with defaults, all by name
    model: Stepwise,
    memory: Any,
    *,
    size: int = 5,
    length_penalty: float = 1.0,
    coverage_penalty: float = 0.0,
    nbest: int = 1,
    constraint: Constraint | None = None,
    attention: bool = False,
    max_length: int | Int[Tensor, " _"],
) -> list[list[Hypothesis]]:  # fmt: skip
    """The `nbest` outputs for each row of `memory`, best first, that a beam of `size` partial outputs finds.

    `memory` is what the model's `encode` gave; its rows are called sentences here, whatever they are. After each token
    the `size` likeliest continuations of a sentence live on. An output is finished when EOS is among its sentence's
    `size` likeliest next steps, or when it reaches `max_length` tokens (EOS included; one number for all, or one for
    each row), where it is cut. Outputs are compared by ``log P / lp + cp`` (see `Penalty`). A sentence is done, and
    leaves the batch, when `size` outputs are finished, or when no output that could still come would be among its
    `nbest`. With a `constraint` only what it allows is ever said; probabilities stay the model's own, of all tokens.
    With `attention` every hypothesis says where the model looked; coverage counts the memory's positions, of which
    ``memory.keep`` says where there is one which are real.

    Returns: for each sentence at most `nbest` hypotheses, at least one.
    Raises: ValueError, when a number is out of its range, coverage is asked of a model that does not look, or the
        constraint cannot be kept within `max_length` tokens.
    Source: Wu et al. 2016, section 7 (arXiv:1609.08144).
    """
    limits = output_limits(memory, max_length)
    if not 1 <= nbest <= size:
        raise ValueError(f"nbest is {nbest} and size {size}, expected 1 <= nbest <= size.")
    penalty = Penalty(length_penalty, coverage_penalty)
    if limits.shape[0] == 0:
        return []
    keep = memory.keep if isinstance(memory, Masked) else None
    with torch.no_grad():
        trace = Trace()
        search = _Search(model, penalty, size, limits, keep=keep, constraint=constraint, attention=attention)
        ends = search.run(memory, nbest, trace).ends
        flat = Ends(ends.score.flatten(), ends.log_probability.flatten(), ends.level.flatten(), ends.row.flatten())
        hypotheses = trace.read(flat)
    groups = [hypotheses[first : first + nbest] for first in range(0, len(hypotheses), nbest)]
    # A score of minus infinity fills a place for which no output was found; the first is always one.
    return [group[:1] + [hypothesis for hypothesis in group[1:] if hypothesis.score > -torch.inf] for group in groups]


@dataclass(frozen=True)
class _Search:
    """What does not change during a search."""

    model: Stepwise
    penalty: Penalty
    size: int
    limits: Int[Tensor, " B"]
    keep: Bool[Tensor, "B S"] | None
    constraint: Constraint | None
    attention: bool

    def run(self, memory: Any, nbest: int, trace: Trace) -> Found:
        """Grow the trace, and say where in it the best outputs end."""
        read, state, token = memory, self.model.start(memory), first_tokens(self.limits)
        rule = begin_rule(self.constraint, self.limits)
        found, live = Found.nothing(self.limits.shape[0], nbest, self.limits.device), self._begin()
        shortest, last = int(self.limits.min()), self.penalty.divisors(self.limits)
        for tokens in range(1, int(self.limits.max()) + 1):
            step = self.model.step(token, state, memory)
            live = self._look(step, live, trace)
            ended, grown = next_steps(rule.restrict(log_probabilities(step.logits)), live, self.size)
            # EOS is not written: an output that ends here stands in the trace with the tokens before it.
            ends = self._ends(live, ended, tokens, row=live.row(ended.output), level=tokens - 1)
            found = found.add(live.sentence, ends)
            going = self._unfinished(live, grown, found, tokens=tokens, last=last)
            cut = self._at_limit(live, tokens) if tokens >= shortest else going[:0]
            if going.shape[0] + cut.shape[0] == 0:
                break
            # What is cut is written behind what goes on, so that the rows of the batch stay the first of the level.
            order = torch.cat([going, cut])
            rows, token = live.row(grown.output)[order].flatten(), grown.token[order].flatten()
            trace.grow(rows, token)
            found = self._cut(live, grown, found, cut=cut, level=tokens, first=going.shape[0] * self.size)
            if going.shape[0] == 0:
                break
            rows, token = rows[: going.shape[0] * self.size], token[: going.shape[0] * self.size]
            state, rule = take_rows(step.state, rows), rule.grow(rows, token)
            if going.shape[0] < live.sentence.shape[0]:
                read = take_rows(read, going)
            # The first step has one row a sentence; from the second on every sentence has a whole beam of them.
            if going.shape[0] < live.sentence.shape[0] or tokens == 1:
                memory = self._for_beams(read, going)
            live = live.grow(grown, going)
        return found

    def _begin(self) -> Live:
        """One empty output for each sentence: the first step is the same for all of a beam."""
        sentences = self.limits.shape[0]
        nothing = torch.zeros(sentences, 1, device=self.limits.device)
        return Live(torch.arange(sentences, device=self.limits.device), nothing, None)

    def _look(self, step: Step, live: Live, trace: Trace) -> Live:
        """Note where the outputs look, if anyone wants to know: a model may have to compute it for this alone."""
        counts = self.penalty.coverage > 0
        if step.attention is None or not (counts or self.attention):
            return live
        weights = step.attention()
        if self.attention:
            trace.record(weights)
        return live.cover(weights) if counts else live

    def _ends(self, live: Live, steps: Steps, tokens: int, *, row: Tensor, level: int) -> Ends:
        """Outputs of so many tokens with their scores, and where they stand in the trace."""
        covered = live.covered_by(steps.output)
        keep = None if self.keep is None else self.keep[live.sentence]
        score = self.penalty.score(steps.log_probability, tokens, covered=covered, keep=keep)
        return Ends(score, steps.log_probability, torch.full_like(row, level), row)

    def _at_limit(self, live: Live, tokens: int) -> Int[Tensor, " C"]:
        """Which of the sentences have reached their greatest length."""
        return (self.limits[live.sentence] <= tokens).nonzero().squeeze(1)

    def _cut(self, live: Live, grown: Steps, found: Found, *, cut: Int[Tensor, " C"], level: int, first: int) -> Found:
        """End the outputs of some sentences where they stand; their rows in the trace begin at `first`."""
        if cut.shape[0] == 0:
            return found
        live, grown = take_rows((live, grown), cut)
        row = first + torch.arange(grown.output.numel(), device=grown.output.device).view_as(grown.output)
        return found.add(live.sentence, self._ends(live, grown, level, row=row, level=level))

    def _unfinished(
        self, live: Live, grown: Steps, found: Found, *, tokens: int, last: Float[Tensor, " B"]
    ) -> Int[Tensor, " G"]:
        """Which of the sentences go on; `last` are the length penalties at their greatest lengths."""
        hope = self.penalty.bound(grown.log_probability[:, 0], tokens + 1, last[live.sentence])
        settled = found.ends.score[live.sentence, -1] >= hope
        full = found.count[live.sentence] >= self.size
        at_limit = self.limits[live.sentence] <= tokens
        return (~(settled | full | at_limit)).nonzero().squeeze(1)

    def _for_beams(self, read: Any, going: Int[Tensor, " G"]) -> Any:
        """The memory of the sentences that go on, for a whole beam of each; only copied where it must be."""
        if isinstance(self.model, Sharing):
            return self.model.share(read, self.size)
        return take_rows(read, torch.arange(going.shape[0], device=going.device).repeat_interleave(self.size))
