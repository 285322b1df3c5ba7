"""The state of a beam search between two tokens: unfinished outputs, their next steps, and the best finished outputs.

Axis letters here: ``A`` of all ``B`` sentences are still searched, ``W`` outputs of each, ``N`` steps or ends.
"""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int
from torch import Tensor

from heedful.decode.ranking import best
from heedful.decode.trace import Ends
from heedful.shapes import EOS, take_rows


@dataclass(frozen=True)
class Live:
    """Unfinished outputs, best first; row ``a W + w`` of the decoder's batch is output w of sentence a.

    `covered` is the sum of attention weights on each position of the memory so far, or None if it is not needed.
    Entries of log-probability minus infinity are no outputs: they fill the rows of sentences with fewer than W.
    """

    sentence: Int[Tensor, " A"]
    log_probability: Float[Tensor, "A W"]
    covered: Float[Tensor, "A W S"] | None

    def cover(self, attention: Float[Tensor, "R S"]) -> "Live":
        """The outputs after one more step with these attention weights."""
        weights = attention.view(*self.log_probability.shape, -1)
        return replace(self, covered=weights if self.covered is None else self.covered + weights)

    def covered_by(self, output: Int[Tensor, "A N"]) -> Float[Tensor, "A N S"] | None:
        """The coverage of the chosen outputs of each sentence."""
        return None if self.covered is None else self.covered.take_along_dim(output.unsqueeze(-1), dim=1)

    def row(self, output: Int[Tensor, "A N"]) -> Int[Tensor, "A N"]:
        """The batch rows of the chosen outputs of each sentence."""
        first = torch.arange(output.shape[0], device=output.device) * self.log_probability.shape[1]
        return output + first.unsqueeze(1)

    def grow(self, steps: "Steps", going: Int[Tensor, " G"]) -> "Live":
        """The outputs after these steps, of the sentences that go on."""
        return take_rows(Live(self.sentence, steps.log_probability, self.covered_by(steps.output)), going)


@dataclass(frozen=True)
class Steps:
    """The next steps of each sentence, best first: log-probability after the step, extended output, and token."""

    log_probability: Float[Tensor, "A N"]
    output: Int[Tensor, "A N"]
    token: Int[Tensor, "A N"]


def next_steps(gains: Float[Tensor, "R V"], live: Live, size: int) -> tuple[Steps, Steps]:
    """The steps that end outputs, and the steps that extend them, `size` of each for every sentence.

    `gains` are the log-probabilities of every next token, and are overwritten. A step ends an output only if it is
    among the `size` best of both kinds. Missing entries have log-probability minus infinity.
    """
    width = live.log_probability.shape[1]
    ends = live.log_probability + gains[:, EOS].view(-1, width)
    # EOS is excluded from the steps that extend: a beam of ends only would stop the search before it is settled.
    gains[:, EOS] = -torch.inf
    # At most `size` steps of an output can be among the `size` best of its sentence. The vocabulary is therefore ranked
    # for each output, and then only `width * size` sums are compared.
    gains, tokens = best(gains, size)
    sums = live.log_probability.unsqueeze(-1) + gains.view(-1, width, size)
    grown, index = best(sums.flatten(1), size)
    both, rank = best(torch.cat([ends, grown], dim=1), size)
    # The first `width` columns of the ranked rows are ends.
    is_end = rank < width
    ended = Steps(
        both.masked_fill(~is_end, -torch.inf), rank.masked_fill(~is_end, 0), torch.full_like(rank, EOS)
    )  # fmt: skip
    return ended, Steps(grown, index // size, tokens.view(-1, width * size).gather(1, index))


@dataclass(frozen=True)
class Finished:
    """The best finished outputs of every sentence so far, best first, and how many have been finished."""

    ends: Ends
    count: Int[Tensor, " B"]

    @staticmethod
    def nothing(sentences: int, nbest: int, device: torch.device) -> "Finished":
        """No outputs: all scores are minus infinity."""
        lowest = torch.full((sentences, nbest), -torch.inf, device=device)
        zeros = torch.zeros(sentences, nbest, dtype=torch.long, device=device)
        return Finished(Ends(lowest, lowest, zeros, zeros), zeros[:, 0])

    def add(self, sentence: Int[Tensor, " A"], new: Ends) -> "Finished":
        """Adds outputs of some sentences and keeps the best."""
        # The order of scores is applied to the other columns of the ends.
        old = take_rows(self.ends, sentence)
        _, rank = torch.cat([old.score, new.score], dim=1).topk(old.score.shape[1], dim=1)

        def merge(name: str) -> Tensor:
            both = torch.cat([getattr(old, name), getattr(new, name)], dim=1)
            return getattr(self.ends, name).index_copy(0, sentence, both.gather(1, rank))

        ends = Ends(merge("score"), merge("log_probability"), merge("level"), merge("row"))
        return Finished(ends, self.count.index_add(0, sentence, (new.score > -torch.inf).sum(1)))
