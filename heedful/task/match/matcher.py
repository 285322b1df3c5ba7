"""A trained matcher: pairs of texts in, labels or scores out, with where each text looked in the other."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from heedful.data.matched import MatchExample, collate_matches, match_lengths
from heedful.data.overlap import Overlap
from heedful.data.token_words import TokenWords
from heedful.data.tokenise import Tokeniser
from heedful.errors import UserError
from heedful.model.match.convolutional import ConvolutionalConfig
from heedful.shapes import UNK, describe
from heedful.task.answering import answering
from heedful.task.base import TOKENISER, Predictor
from heedful.task.batches import batches
from heedful.task.match.config import MatchConfig
from heedful.task.match.labels import goal_of
from heedful.task.match.look import pair_maps
from heedful.watch import Map, attentions, record

OVERLAP = "overlap"
"""The name of what is counted of a pair, in the run folder."""


@dataclass(frozen=True, eq=False)
class Matched:
    """What is said of one pair, and where its texts looked.

    `label` is the class, or "1" or "0" for relevance, empty for similarity; `score` its probability, that of being
    relevant, or the similarity. `probabilities` has every class. `maps` has a map from the left text's words to the
    right's, or one for each text where a model reads them apart; none when attention was not asked for. `is_cut` says
    that a text was too long, and its end not read.
    """

    label: str
    score: float
    probabilities: dict[str, float] = field(default_factory=dict[str, float])
    maps: list[Map] = field(default_factory=list[Map])
    is_cut: bool = False


class Matcher(Predictor[MatchConfig]):
    """A trained model of text pairs with its tokeniser, settings, and what is counted of a pair."""

    @property
    def tokeniser(self) -> Tokeniser:
        """How a text becomes tokens."""
        return self.parts[TOKENISER]

    @property
    def overlap(self) -> Overlap:
        """What is counted of a pair, beside what the model reads."""
        return self.parts[OVERLAP]

    def predict(self, pairs: Sequence[tuple[str, str]], *, attention: bool = True) -> list[Matched]:
        """What is said of each pair (left, right), in the order given; without `attention` it is quicker."""
        examples = self.examples(pairs)
        outputs = self.outputs(examples)
        answers = goal_of(self.config).answer(outputs).tolist()
        maps = self._maps(examples, pairs) if attention else [[] for _ in examples]
        rows = zip(answers, maps, self.are_cut(pairs), strict=True)
        return [self._matched(answer, own, is_cut) for answer, own, is_cut in rows]

    def examples(
        self, pairs: Sequence[tuple[str, str]], labels: Sequence[float | None] | None = None
    ) -> list[MatchExample]:
        """Pairs as a model reads them, cut to what it may read; an empty text is one unknown word."""
        longest = self.config.longest
        left, right = (self.tokeniser.encode_all([pair[side] for pair in pairs]) for side in (0, 1))
        numbers = [None] * len(pairs) if labels is None else labels
        return [
            MatchExample(a[:longest] or [UNK], b[:longest] or [UNK], number, self.overlap.features(*pair))
            for a, b, number, pair in zip(left, right, numbers, pairs, strict=True)
        ]

    def are_cut(self, pairs: Sequence[tuple[str, str]]) -> list[bool]:
        """Of which pairs a text is too long, so that its end is not read."""
        longest = self.config.longest
        return [max(map(len, self.tokeniser.encode_all(pair))) > longest for pair in pairs]

    def outputs(self, examples: Sequence[MatchExample]) -> Float[Tensor, "N K"]:
        """The model's outputs for each pair, on the CPU; labels are not looked at."""
        found = torch.zeros(len(examples), goal_of(self.config).outputs)
        with answering(self.model, self.config.answer.precision):
            for rows in self._batches(examples):
                outputs = self.model(self._collated(examples, rows))
                if outputs.shape != (len(rows), found.shape[1]):
                    raise UserError(
                        f"{type(self.model).__name__} returned {describe(outputs)}",
                        hint=f"expected [{len(rows)}, {found.shape[1]}]: one row a pair, one number an output",
                    )
                found[rows] = outputs.float().cpu()
        return found

    def _maps(self, examples: Sequence[MatchExample], pairs: Sequence[tuple[str, str]]) -> list[list[Map]]:
        """Where each pair's texts looked."""
        found: list[list[Map]] = [[] for _ in examples]
        if not attentions(self.model):
            return found
        settings = self.config.model.settings
        width = settings.width if isinstance(settings, ConvolutionalConfig) else 1
        for rows in self._batches(examples):
            with answering(self.model, self.config.answer.precision), record(self.model) as seen:
                self.model(self._collated(examples, rows))
            for place, row in enumerate(rows):
                read = (examples[row].left, examples[row].right)
                typed = (self.tokeniser.surface_pieces(text) for text in pairs[row])
                left, right = (TokenWords.of(self.tokeniser, *side) for side in zip(read, typed, strict=True))
                found[row] = pair_maps(seen.calls, place, (left, right), width=width)
        return found

    def _matched(self, answer: list[float], maps: list[Map], is_cut: bool) -> Matched:
        if self.config.goal == "classes":
            by_label = dict(zip(self.config.labels, answer, strict=True))
            label = max(by_label, key=by_label.__getitem__)
            return Matched(label, by_label[label], by_label, maps, is_cut)
        label = str(int(answer[0] >= 0.5)) if self.config.goal == "relevance" else ""
        return Matched(label, answer[0], {}, maps, is_cut)

    def _collated(self, examples: Sequence[MatchExample], rows: list[int]) -> Any:
        plain = [MatchExample(one.left, one.right, None, one.features) for one in (examples[row] for row in rows)]
        return collate_matches(plain).to(self.device)

    def _batches(self, examples: Sequence[MatchExample]) -> list[list[int]]:
        return list(batches([max(both) for both in match_lengths(examples)], self.config.answer.tokens))
