"""Beam search: the best outputs among those whose beginnings stayed among the best."""

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from heedful.decode.constraint import Constraint, begin_rule
from heedful.decode.frontier import Found, Live, Steps, next_steps
from heedful.decode.hypothesis import Hypothesis, Sharing, Stepwise, check_search, first_tokens, log_probabilities
from heedful.decode.penalty import Penalty
from heedful.decode.trace import Ends, Trace
from heedful.shapes import keep_from_lengths, take_rows


def beam(  # noqa: PLR0913 - what is searched, and numbers with defaults, all by name
    model: Stepwise,
    source: Int[Tensor, "B S"],
    lengths: Int[Tensor, " _"],
    *,
    size: int = 5,
    length_penalty: float = 1.0,
    coverage_penalty: float = 0.0,
    nbest: int = 1,
    constraint: Constraint | None = None,
    max_length: int,
) -> list[list[Hypothesis]]:  # fmt: skip
    """The `nbest` outputs of each sentence, best first, that a beam of `size` partial outputs finds.

    After each token the `size` likeliest continuations of a sentence live on. An output is finished when EOS is
    among its sentence's `size` likeliest next steps, or when it reaches `max_length` tokens (EOS included), where it
    is cut. Outputs are compared by ``log P / lp + cp`` (see `Penalty`). A sentence is done, and leaves the batch, when
    `size` outputs are finished, or when no output that could still come would be among its `nbest`. With a
    `constraint` only what it allows is ever said; probabilities stay the model's own, of all tokens.

    Returns: for each sentence at most `nbest` hypotheses, at least one.
    Raises: ValueError, when a number is out of its range, coverage is asked of a model that does not look, or the
        constraint cannot be kept within `max_length` tokens.
    Source: Wu et al. 2016, section 7 (arXiv:1609.08144).
    """
    check_search(source, lengths, max_length)
    if not 1 <= nbest <= size:
        raise ValueError(f"nbest is {nbest} and size {size}, expected 1 <= nbest <= size.")
    penalty = Penalty(length_penalty, coverage_penalty)
    if source.shape[0] == 0:
        return []
    with torch.no_grad():
        trace = Trace()
        search = _Search(model, penalty, keep_from_lengths(lengths, source.shape[1]), size, max_length, constraint)
        ends = search.run(source, lengths, nbest, trace).ends
        flat = Ends(ends.score.flatten(), ends.log_probability.flatten(), ends.level.flatten(), ends.row.flatten())
        hypotheses = trace.read(flat, lengths.repeat_interleave(nbest))
    groups = [hypotheses[first : first + nbest] for first in range(0, len(hypotheses), nbest)]
    return [group[:1] + [other for other in group[1:] if other.score > -torch.inf] for group in groups]


@dataclass(frozen=True)
class _Search:
    """What does not change during a search; `keep` says which source tokens are real."""

    model: Stepwise
    penalty: Penalty
    keep: Bool[Tensor, "B S"]
    size: int
    longest: int
    constraint: Constraint | None

    def run(self, source: Tensor, lengths: Tensor, nbest: int, trace: Trace) -> Found:
        """Grow the trace, and say where in it the best outputs end."""
        read = self.model.encode(source, lengths)
        memory, state, token = read, self.model.start(read), first_tokens(lengths)
        rule = begin_rule(self.constraint, source, lengths, longest=self.longest)
        found, live = Found.nothing(lengths.shape[0], nbest, lengths.device), self._begin()
        for tokens in range(1, self.longest + 1):
            step = self.model.step(token, state, memory)
            trace.look(step.attention)
            live = live.look(step.attention)
            ended, grown = next_steps(rule.restrict(log_probabilities(step.logits)), live, self.size)
            found = found.add(live.sentence, self._ends(live, ended, tokens, live.row(ended.output), tokens - 1))
            if tokens == self.longest:
                return self._cut(live, grown, found, trace)
            going = self._unfinished(live, grown, found, tokens)
            if going.shape[0] == 0:
                break
            rows = live.row(grown.output)[going].flatten()
            token = grown.token[going].flatten()
            trace.grow(rows, token)
            state, rule = take_rows(step.state, rows), rule.grow(rows, token)
            if going.shape[0] < live.sentence.shape[0]:
                read = take_rows(read, going)
            if going.shape[0] < live.sentence.shape[0] or tokens == 1:
                memory = self._spread(read, going)
            live = live.grow(grown, going)
        return found

    def _begin(self) -> Live:
        """One empty output for each sentence: the first step is the same for all of a beam."""
        sentences, source_length = self.keep.shape
        nothing = torch.zeros(sentences, 1, device=self.keep.device)
        covered = nothing.new_zeros(sentences, 1, source_length) if self.penalty.coverage > 0 else None
        return Live(torch.arange(sentences, device=self.keep.device), nothing, covered)

    def _ends(self, live: Live, steps: Steps, tokens: int, row: Tensor, level: int) -> Ends:
        """Outputs of so many tokens with their scores, at their place in the trace."""
        covered = live.covered_by(steps.output)
        keep = self.keep[live.sentence]
        score = self.penalty.score(steps.log_probability, tokens, covered=covered, keep=keep)
        return Ends(score, steps.log_probability, torch.full_like(row, level), row)

    def _cut(self, live: Live, grown: Steps, found: Found, trace: Trace) -> Found:
        """End what has grown to the greatest length where it stands."""
        trace.grow(live.row(grown.output).flatten(), grown.token.flatten())
        row = torch.arange(grown.output.numel(), device=grown.output.device).view_as(grown.output)
        return found.add(live.sentence, self._ends(live, grown, self.longest, row, self.longest))

    def _unfinished(self, live: Live, grown: Steps, found: Found, tokens: int) -> Int[Tensor, " G"]:
        """Which of the sentences go on."""
        hope = self.penalty.bound(grown.log_probability[:, 0], tokens + 1, self.longest)
        settled = found.ends.score[live.sentence, -1] >= hope
        full = found.count[live.sentence] >= self.size
        return (~(settled | full)).nonzero().squeeze(1)

    def _spread(self, read: Any, going: Int[Tensor, " G"]) -> Any:
        """What was read of the sentences that go on, for a whole beam of each; only copied where it must be."""
        if isinstance(self.model, Sharing):
            return self.model.share(read, self.size)
        return take_rows(read, torch.arange(going.shape[0], device=going.device).repeat_interleave(self.size))
