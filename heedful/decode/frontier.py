"""What a beam search holds between two tokens: outputs still growing, their next steps, and the best that ended.

Axis letters here: ``A`` sentences still searched of all ``B``, ``W`` outputs of each, ``N`` steps or ends.
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
    """Outputs still growing, best first; row ``a W + w`` of the decoder's batch is output w of sentence a.

    `covered` is how much each position of the memory was looked at so far, None where that does not count. An output
    of log-probability minus infinity is none: it fills a row where a sentence has fewer than W.
    """

    sentence: Int[Tensor, " A"]
    log_probability: Float[Tensor, "A W"]
    covered: Float[Tensor, "A W S"] | None

    def cover(self, attention: Float[Tensor, "R S"]) -> "Live":
        """After another look at the memory."""
        weights = attention.view(*self.log_probability.shape, -1)
        return replace(self, covered=weights if self.covered is None else self.covered + weights)

    def covered_by(self, output: Int[Tensor, "A N"]) -> Float[Tensor, "A N S"] | None:
        """What some of each sentence's outputs have covered."""
        return None if self.covered is None else self.covered.take_along_dim(output.unsqueeze(-1), dim=1)

    def row(self, output: Int[Tensor, "A N"]) -> Int[Tensor, "A N"]:
        """Rows of some of each sentence's outputs."""
        first = torch.arange(output.shape[0], device=output.device) * self.log_probability.shape[1]
        return output + first.unsqueeze(1)

    def grow(self, steps: "Steps", going: Int[Tensor, " G"]) -> "Live":
        """After those steps, only of the sentences that go on."""
        return take_rows(Live(self.sentence, steps.log_probability, self.covered_by(steps.output)), going)


@dataclass(frozen=True)
class Steps:
    """The next steps of each sentence, best first: the probability after it, from which output, by which token."""

    log_probability: Float[Tensor, "A N"]
    output: Int[Tensor, "A N"]
    token: Int[Tensor, "A N"]


def next_steps(gains: Float[Tensor, "R V"], live: Live, size: int) -> tuple[Steps, Steps]:
    """The steps by which outputs end, and those by which they grow, `size` of each for every sentence.

    `gains` are the log-probabilities of every next token, and are overwritten. An end counts when it is among the
    `size` best of both kinds. What is missing has minus infinity.
    """
    width = live.log_probability.shape[1]
    ends = live.log_probability + gains[:, EOS].view(-1, width)
    # Ends are apart from here on: a beam full of ends would leave nothing to grow, although the search is not over.
    gains[:, EOS] = -torch.inf
    # No more than `size` steps of one output can be among the `size` best of its sentence, so the vocabulary is ranked
    # output by output, and only `width * size` sums are compared after that.
    gains, tokens = best(gains, size)
    sums = live.log_probability.unsqueeze(-1) + gains.view(-1, width, size)
    grown, index = best(sums.flatten(1), size)
    both, rank = best(torch.cat([ends, grown], dim=1), size)
    is_end = rank < width  # the ends come first in the row that was ranked
    ended = Steps(
        both.masked_fill(~is_end, -torch.inf), rank.masked_fill(~is_end, 0), torch.full_like(rank, EOS)
    )  # fmt: skip
    return ended, Steps(grown, index // size, tokens.view(-1, width * size).gather(1, index))


@dataclass(frozen=True)
class Found:
    """The best finished outputs of every sentence so far, best first, and how many have been finished."""

    ends: Ends
    count: Int[Tensor, " B"]

    @staticmethod
    def nothing(sentences: int, nbest: int, device: torch.device) -> "Found":
        """None yet, which scores of minus infinity say."""
        lowest = torch.full((sentences, nbest), -torch.inf, device=device)
        nowhere = torch.zeros(sentences, nbest, dtype=torch.long, device=device)
        return Found(Ends(lowest, lowest, nowhere, nowhere), nowhere[:, 0])

    def add(self, sentence: Int[Tensor, " A"], new: Ends) -> "Found":
        """With more outputs of some sentences; the best stay."""
        # Scores alone decide; the other columns of an end go where its score goes.
        old = take_rows(self.ends, sentence)
        _, rank = torch.cat([old.score, new.score], dim=1).topk(old.score.shape[1], dim=1)

        def merge(name: str) -> Tensor:
            both = torch.cat([getattr(old, name), getattr(new, name)], dim=1)
            return getattr(self.ends, name).index_copy(0, sentence, both.gather(1, rank))

        ends = Ends(merge("score"), merge("log_probability"), merge("level"), merge("row"))
        return Found(ends, self.count.index_add(0, sentence, (new.score > -torch.inf).sum(1)))
