"""A trained matcher, which labels or scores pairs of texts and shows its attention."""

from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from heedful.data.bucket import batches_by_length
from heedful.data.matched import MatchExample, collate_matches, match_lengths
from heedful.data.overlap import Overlap
from heedful.data.token_words import TokenWords
from heedful.data.tokenise import Tokeniser
from heedful.errors import UserError
from heedful.model.match.convolutional import ConvolutionalConfig
from heedful.shapes import UNK, describe
from heedful.task.answering import answering
from heedful.task.base import TOKENISER, Predictor
from heedful.task.inputs import as_pairs
from heedful.task.match.config import MatchConfig
from heedful.task.match.labels import goal_of
from heedful.task.match.look import pair_maps
from heedful.watch import Map, attentions, record
from heedful.watch.notebook import answer_html
from heedful.watch.record import unrecorded

OVERLAP = "overlap"
"""The name of the overlap features in the run folder."""


@dataclass(frozen=True, eq=False)
class Matched:
    """The answer for one pair, and its attention maps.

    `label` is the class, or "1" or "0" for relevance; it is empty for similarity. `score` is the probability of the
    class, the probability of being relevant, or the similarity. `probabilities` has every class. `maps` has one map
    from the words of the left text to those of the right one, or one for each text if the model reads them separately.
    It is empty if attention was not asked for. `is_cut` says that a text was truncated.
    """

    label: str
    score: float
    probabilities: dict[str, float] = field(default_factory=dict[str, float], repr=False)
    maps: list[Map] = field(default_factory=list[Map], repr=False)
    is_cut: bool = False

    def _repr_html_(self) -> str:
        """The answer and its maps, for notebooks."""
        return answer_html(f"{self.label} {self.score:.4f}".strip(), self.maps)


class Matcher(Predictor[MatchConfig]):
    """A trained model of text pairs with its tokeniser, overlap features and settings."""

    @property
    def tokeniser(self) -> Tokeniser:
        """The tokeniser of both texts."""
        return self.parts[TOKENISER]

    @property
    def overlap(self) -> Overlap:
        """The overlap features of a pair, which the model gets besides the texts."""
        return self.parts[OVERLAP]

    def predict(self, pairs: Iterable[Iterable[str]], *, attention: bool = True) -> list[Matched]:
        """The answer for each pair (left, right), in the order of the pairs. It is faster without `attention`.

        Raises: UserError, for a single pair, and for an item that is not two texts.
        """
        pairs = as_pairs(pairs)
        examples = self.examples(pairs)
        # A recorder is to see each pair once: `_maps` reads the pairs again.
        with unrecorded() if attention else nullcontext():
            outputs = self.outputs(examples)
        answers = goal_of(self.config).answer(outputs).tolist()
        maps = self._maps(examples, pairs) if attention else [[] for _ in examples]
        rows = zip(answers, maps, self.are_cut(pairs), strict=True)
        return [self._matched(answer, of_pair, is_cut) for answer, of_pair, is_cut in rows]

    def examples(
        self, pairs: Sequence[tuple[str, str]], labels: Sequence[float | None] | None = None
    ) -> list[MatchExample]:
        """Encodes pairs, truncated to the longest input. An empty text becomes one unknown word."""
        longest = self.config.longest
        left, right = (self.tokeniser.encode_all([pair[side] for pair in pairs]) for side in (0, 1))
        numbers = [None] * len(pairs) if labels is None else labels
        return [
            MatchExample(a[:longest] or [UNK], b[:longest] or [UNK], number, self.overlap.features(*pair))
            for a, b, number, pair in zip(left, right, numbers, pairs, strict=True)
        ]

    def are_cut(self, pairs: Sequence[tuple[str, str]]) -> list[bool]:
        """For each pair, whether a text is truncated."""
        longest = self.config.longest
        return [max(map(len, self.tokeniser.encode_all(pair))) > longest for pair in pairs]

    def outputs(self, examples: Sequence[MatchExample]) -> Float[Tensor, "N K"]:
        """The model's outputs for each pair, on the CPU. Labels are not used."""
        results = torch.zeros(len(examples), goal_of(self.config).outputs)
        with answering(self.model, self.config.answer.precision):
            for rows in self._batches(examples):
                outputs = self.model(self._collated(examples, rows))
                if outputs.shape != (len(rows), results.shape[1]):
                    raise UserError(
                        f"{type(self.model).__name__} returned {describe(outputs)}",
                        hint=f"expected [{len(rows)}, {results.shape[1]}]: one row per pair, one number per output",
                    )
                results[rows] = outputs.float().cpu()
        return results

    def _maps(self, examples: Sequence[MatchExample], pairs: Sequence[tuple[str, str]]) -> list[list[Map]]:
        """The attention maps of each pair."""
        maps: list[list[Map]] = [[] for _ in examples]
        if not attentions(self.model):
            return maps
        settings = self.config.model.settings
        width = settings.width if isinstance(settings, ConvolutionalConfig) else 1
        for rows in self._batches(examples):
            with answering(self.model, self.config.answer.precision), record(self.model) as recording:
                self.model(self._collated(examples, rows))
            for index, row in enumerate(rows):
                ids = (examples[row].left, examples[row].right)
                typed = (self.tokeniser.surface_pieces(text) for text in pairs[row])
                left, right = (TokenWords.of(self.tokeniser, *side) for side in zip(ids, typed, strict=True))
                maps[row] = pair_maps(recording.calls, index, (left, right), width=width)
        return maps

    def _matched(self, answer: list[float], maps: list[Map], is_cut: bool) -> Matched:
        if self.config.goal == "classes":
            by_label = dict(zip(self.config.labels, answer, strict=True))
            label = max(by_label, key=by_label.__getitem__)
            return Matched(label, by_label[label], by_label, maps, is_cut)
        label = str(int(answer[0] >= 0.5)) if self.config.goal == "relevance" else ""
        return Matched(label, answer[0], {}, maps, is_cut)

    def _collated(self, examples: Sequence[MatchExample], rows: list[int]) -> Any:
        # Without labels: a pair to be answered may have none, or one that training has not seen.
        unlabelled = [replace(examples[row], label=None) for row in rows]
        return collate_matches(unlabelled).to(self.device)

    def _batches(self, examples: Sequence[MatchExample]) -> list[list[int]]:
        return list(batches_by_length([max(both) for both in match_lengths(examples)], self.config.answer.tokens))
