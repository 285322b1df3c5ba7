"""A trained matcher: pairs of texts in, labels or scores out, with where each text looked in the other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from heedful.data.matched import MatchExample, collate_matches, match_lengths
from heedful.data.overlap import Overlap
from heedful.data.tokenise import Tokeniser, load_tokeniser
from heedful.model.match.convolutional import ConvolutionalConfig
from heedful.shapes import UNK
from heedful.store import check_folder, save_tensors
from heedful.task.answering import answering
from heedful.task.batches import batches
from heedful.task.config import changed_for_use
from heedful.task.folder import WEIGHTS, load_settings, python_usage, quoted, save_parts, save_readme, with_weights
from heedful.task.match.config import MatchConfig
from heedful.task.match.labels import goal_of
from heedful.task.match.look import pair_maps
from heedful.task.match.models import MODELS
from heedful.task.words import Words
from heedful.watch import Map, attentions, record

TOKENISER, OVERLAP = "text", "overlap"


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


@dataclass(frozen=True)
class Matcher:
    """A trained model of text pairs with all that it needs to answer.

    An instance predicts; `save` writes a folder from which `heedful.load` makes the same one.
    """

    config: MatchConfig
    model: nn.Module
    tokeniser: Tokeniser
    overlap: Overlap

    def save(self, folder: str | Path) -> None:
        """Writes the weights, the settings, the tokeniser, what is counted of a pair, and how to use it.

        Raises: UserError, when a file cannot be written.
        """
        save_texts(Path(folder), self)
        save_tensors(Path(folder) / WEIGHTS, self.model.state_dict())

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
                found[rows] = self.model(self._collated(examples, rows)).float().cpu()
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
                left, right = (Words.of(self.tokeniser, *side) for side in zip(read, typed, strict=True))
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
        return collate_matches(plain).to(next(self.model.parameters()).device)

    def _batches(self, examples: Sequence[MatchExample]) -> list[list[int]]:
        return list(batches([max(both) for both in match_lengths(examples)], self.config.answer.tokens))


def build_model(config: MatchConfig, size: int, features: int) -> nn.Module:
    """The model that settled settings describe, with fresh weights, for a vocabulary of `size`."""
    family = MODELS.named(config.model.name)[1].family
    return family.build(config.model.settings, size, goal_of(config), features=features)


def save_texts(folder: Path, matcher: Matcher) -> None:
    """Writes all of a run folder but the weights: tokeniser, what is counted, settings, README.

    Raises: UserError, when a file cannot be written.
    """
    save_parts(folder, matcher.config, {TOKENISER: matcher.tokeniser, OVERLAP: matcher.overlap})
    write_readme(folder, matcher.config, {})


def load_texts(folder: Path) -> tuple[Tokeniser, Overlap]:
    """The tokeniser, and what is counted of a pair, that lie in a run folder.

    Raises: UserError, when one is missing or damaged.
    """
    check_folder(folder, [f"{OVERLAP}.json"])
    return load_tokeniser(folder, TOKENISER), Overlap.load(folder, OVERLAP)


def write_readme(folder: Path, config: MatchConfig, results: Mapping[str, Any]) -> None:
    """Writes what the run is, what it reached, and the next commands."""
    usage = [
        "Match a file, two columns a line with a tab between, or see where the texts look:",
        "",
        f"    heedful predict {quoted(folder)} FILE > OUT",
        f'    heedful show {quoted(folder)} "a text" "another"',
        "",
        *python_usage(folder, "matcher", 'print(matcher.predict([("a text", "another")])[0].score)'),
    ]
    title = f"{config.model.name}: a model of text pairs made with heedful ({config.goal})"
    save_readme(folder, title=title, results=results, usage=usage)


def load(folder: Path, device: str = "cpu", changes: Mapping[str, Any] | None = None) -> Matcher:
    """The matcher of a run folder; `changes` are settings of the section answer.

    Raises: UserError, when the folder or a file in it is missing or damaged.
    """
    config = changed_for_use(load_settings(MatchConfig, folder), changes or {}, ("answer",))
    tokeniser, overlap = load_texts(folder)
    model = with_weights(build_model(config, tokeniser.size, overlap.size), folder, device)
    return Matcher(config, model, tokeniser, overlap)
