"""Beam search: at each step the best partial outputs of a sentence are extended."""

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from heedful.decode.constraint import Constraint, begin_rule
from heedful.decode.frontier import Finished, Live, Steps, next_steps
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
    """The `nbest` outputs for each row of `memory`, best first, found with a beam of `size` partial outputs.

    `memory` is the result of the model's `encode`; its rows are called sentences here, whatever they hold. After each
    token the `size` most likely continuations of a sentence are kept. An output is finished when EOS is among the
    `size` most likely next steps of its sentence, or when it reaches `max_length` tokens, EOS included (a number for
    all rows or for each), where it is cut. Outputs are ranked by ``log P / lp + cp`` (see `Penalty`). A sentence leaves
    the batch when `size` outputs are finished, or when no unfinished output can still be among its `nbest`. With a
    `constraint` only allowed tokens are produced; probabilities are still the model's over all tokens. With `attention`
    every hypothesis has the model's attention weights. The coverage penalty counts the memory's real positions
    (``memory.keep``, if there is one).

    Returns: for each sentence between 1 and `nbest` hypotheses.
    Raises: ValueError, when a number is out of its range, a coverage penalty is set for a model without attention, or
        the constraint needs more than `max_length` tokens.
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
    # Entries for which no output was found have score minus infinity. The first of a group always is an output.
    return [group[:1] + [hypothesis for hypothesis in group[1:] if hypothesis.score > -torch.inf] for group in groups]


@dataclass(frozen=True)
class _Search:
    """The settings of a search, which do not change while it runs."""

    model: Stepwise
    penalty: Penalty
    size: int
    limits: Int[Tensor, " B"]
    keep: Bool[Tensor, "B S"] | None
    constraint: Constraint | None
    attention: bool

    def run(self, memory: Any, nbest: int, trace: Trace) -> Finished:
        """Grow the trace, and return where in it the best outputs end."""
        # `encoded` has one row per sentence; `memory`, from the second step on, serves a beam of rows per sentence.
        encoded, state, token = memory, self.model.start(memory), first_tokens(self.limits)
        rule = begin_rule(self.constraint, self.limits)
        finished, live = Finished.nothing(self.limits.shape[0], nbest, self.limits.device), self._begin()
        shortest, last = int(self.limits.min()), self.penalty.divisors(self.limits)
        for tokens in range(1, int(self.limits.max()) + 1):
            step = self.model.step(token, state, memory)
            live = self._record_attention(step, live, trace)
            ended, grown = next_steps(rule.restrict(log_probabilities(step.logits)), live, self.size)
            # EOS is not written to the trace: an output that ends here is the row of the tokens before it.
            ends = self._ends(live, ended, tokens, row=live.row(ended.output), level=tokens - 1)
            finished = finished.add(live.sentence, ends)
            going = self._unfinished(live, grown, finished, tokens=tokens, last=last)
            cut = self._at_limit(live, tokens) if tokens >= shortest else going[:0]
            if going.shape[0] + cut.shape[0] == 0:
                break
            # Outputs that are cut are written after those that go on: the first rows of a level are those of the batch.
            order = torch.cat([going, cut])
            rows, token = live.row(grown.output)[order].flatten(), grown.token[order].flatten()
            trace.grow(rows, token)
            finished = self._cut(live, grown, finished, cut=cut, level=tokens, first=going.shape[0] * self.size)
            if going.shape[0] == 0:
                break
            rows, token = rows[: going.shape[0] * self.size], token[: going.shape[0] * self.size]
            state, rule = take_rows(step.state, rows), rule.grow(rows, token)
            if going.shape[0] < live.sentence.shape[0]:
                encoded = take_rows(encoded, going)
            # The first step has one row per sentence, all later ones have a beam of rows per sentence. The memory is
            # copied only when its rows change.
            if going.shape[0] < live.sentence.shape[0] or tokens == 1:
                memory = self._for_beams(encoded, going)
            live = live.grow(grown, going)
        return finished

    def _begin(self) -> Live:
        """One empty output per sentence: the first step would be the same for all outputs of a beam."""
        sentences = self.limits.shape[0]
        log_probability = torch.zeros(sentences, 1, device=self.limits.device)
        return Live(torch.arange(sentences, device=self.limits.device), log_probability, None)

    def _record_attention(self, step: Step, live: Live, trace: Trace) -> Live:
        """Records attention weights and coverage, if they are needed."""
        # Calling `step.attention` may be expensive: some models compute the weights only for this.
        needs_coverage = self.penalty.coverage > 0
        if step.attention is None or not (needs_coverage or self.attention):
            return live
        weights = step.attention()
        if self.attention:
            trace.record(weights)
        return live.cover(weights) if needs_coverage else live

    def _ends(self, live: Live, steps: Steps, tokens: int, *, row: Tensor, level: int) -> Ends:
        """Outputs of `tokens` tokens with their scores and positions in the trace."""
        covered = live.covered_by(steps.output)
        keep = None if self.keep is None else self.keep[live.sentence]
        score = self.penalty.score(steps.log_probability, tokens, covered=covered, keep=keep)
        return Ends(score, steps.log_probability, torch.full_like(row, level), row)

    def _at_limit(self, live: Live, tokens: int) -> Int[Tensor, " C"]:
        """The sentences that have reached their greatest length."""
        return (self.limits[live.sentence] <= tokens).nonzero().squeeze(1)

    def _cut(
        self, live: Live, grown: Steps, finished: Finished, *, cut: Int[Tensor, " C"], level: int, first: int
    ) -> Finished:
        """Ends all outputs of the sentences `cut`, whose rows in the trace begin at `first`."""
        if cut.shape[0] == 0:
            return finished
        live, grown = take_rows((live, grown), cut)
        row = first + torch.arange(grown.output.numel(), device=grown.output.device).view_as(grown.output)
        return finished.add(live.sentence, self._ends(live, grown, level, row=row, level=level))

    def _unfinished(
        self, live: Live, grown: Steps, finished: Finished, *, tokens: int, last: Float[Tensor, " B"]
    ) -> Int[Tensor, " G"]:
        """The sentences that go on; `last` are the length penalties at their greatest lengths."""
        # The most likely partial output has the highest bound of its sentence. If the worst of the n best finished
        # outputs reaches it, no further output can replace one.
        highest = self.penalty.bound(grown.log_probability[:, 0], tokens + 1, last[live.sentence])
        settled = finished.ends.score[live.sentence, -1] >= highest
        full = finished.count[live.sentence] >= self.size
        at_limit = self.limits[live.sentence] <= tokens
        return (~(settled | full | at_limit)).nonzero().squeeze(1)

    def _for_beams(self, encoded: Any, going: Int[Tensor, " G"]) -> Any:
        """The memory of the sentences that go on, for a beam of each; repeated only if the model cannot share it."""
        if isinstance(self.model, Sharing):
            return self.model.share(encoded, self.size)
        return take_rows(encoded, torch.arange(going.shape[0], device=going.device).repeat_interleave(self.size))
