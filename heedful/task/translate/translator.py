"""A trained translator, which translates texts and shows its attention."""

from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, cast

from jaxtyping import Float
from torch import Tensor

from heedful.data.batch import Example, collate, pad_sources
from heedful.data.token_words import TokenWords
from heedful.data.tokenise import Tokeniser
from heedful.decode import Hypothesis, search
from heedful.shapes import BOS, EOS
from heedful.task.answering import answering, evaluating
from heedful.task.base import Predictor
from heedful.task.batches import grouped, in_eights, summed_loss
from heedful.task.inputs import as_texts
from heedful.task.models import model_title
from heedful.task.translate.config import TranslateConfig
from heedful.watch import Map
from heedful.watch.all_maps import Sides, all_maps
from heedful.watch.look import Look, Maps, default_look, read, replay, word_links, word_map
from heedful.watch.notebook import answer_html
from heedful.watch.record import unrecorded


@dataclass(frozen=True, eq=False)
class Translation:
    """A translation and its attention.

    `score` is the score of the search. `tokens` are the pieces of the text, `source_tokens` those of the source with
    EOS. `attention` is the map ``[T, S]`` over them, and `words` the same map over words, with all layers and heads.
    `alignment` has pairs of source and target word, counted from 0. `is_cut` says that the source was truncated. `ids`
    are those of the tokens. The fields about attention are empty if it was not asked for or the model has none.
    """

    text: str
    score: float
    tokens: list[str] = field(repr=False)
    source_tokens: list[str] = field(repr=False)
    attention: Float[Tensor, "T S"] | None = field(default=None, repr=False)
    words: Map | None = None
    alignment: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]], repr=False)
    is_cut: bool = False
    ids: list[int] = field(default_factory=list[int], repr=False)

    def _repr_html_(self) -> str:
        """The translation and its map, for notebooks."""
        return answer_html(self.text, [self.words] if self.words else [])


class _Source(NamedTuple):
    """The ids that were read of a source, their original text, and whether the source was truncated."""

    ids: list[int]
    typed: Sequence[str]
    is_cut: bool


class Translator(Predictor[TranslateConfig]):
    """A trained model with its tokenisers and settings, as `heedful.load(folder)` returns it."""

    @property
    def source(self) -> Tokeniser:
        """The source's tokeniser."""
        return self.parts[tokeniser_names(self.config)[0]]

    @property
    def target(self) -> Tokeniser:
        """The target's tokeniser."""
        return self.parts[tokeniser_names(self.config)[1]]

    @property
    def look(self) -> Look | None:
        """The map that is shown and read as alignment; None for a model without attention."""
        return self.config.look or self._default_look

    @cached_property
    def _default_look(self) -> Look | None:
        """The map that is used unless the settings name one."""
        # Cached: it is needed for every sentence, and finding it walks through all modules.
        return default_look(self.model, self.config.looks)

    def predict(self, texts: Iterable[str], *, beam: int | None = None, attention: bool = True) -> list[Translation]:
        """The best translation of each text, in the order of the texts.

        `beam` is the width of the search; None means as the settings say, and 1 is greedy. It is faster without
        `attention`.
        Raises: UserError, for a single text, and for an item that is no text.
        """
        return [nbest[0] for nbest in self.nbest(texts, 1, beam=beam, attention=attention)]

    def nbest(
        self, texts: Iterable[str], count: int, *, beam: int | None = None, attention: bool = True
    ) -> list[list[Translation]]:
        """At most `count` translations of each text, the best first. The beam is at least as wide.

        Raises: UserError, as `predict`.
        """
        texts = as_texts(texts)
        sources = [ids[: self.config.longest_source] for ids in self.source.encode_all(texts)]
        # A recorder is to see the outputs, not what the search tries: `maps` produces them once more.
        with unrecorded() if attention else nullcontext():
            beams = self.search(sources, count, max(count, beam or self.config.decode.beam))
        flat = [(row, hypothesis) for row, beam in enumerate(beams) for hypothesis in beam]
        maps: list[Maps] = [{} for _ in flat]
        if attention:
            maps = self.maps([Example(sources[row], hypothesis.tokens) for row, hypothesis in flat])
        results: list[list[Translation]] = [[] for _ in texts]
        for (row, hypothesis), layers in zip(flat, maps, strict=True):
            # Encoding a text again is slow, so it is only done for sources of exactly the longest length.
            is_cut = len(sources[row]) == self.config.longest_source and self._is_longer(texts[row])
            typed = self.source.surface_pieces(texts[row]) if attention else ()
            results[row].append(self._translation(_Source(sources[row], typed, is_cut), hypothesis, layers))
        return results

    def search(self, sources: Sequence[Sequence[int]], count: int, size: int) -> list[list[Hypothesis]]:
        """The best `count` outputs for each source (ids without EOS), found with a beam of `size`.

        An empty source has an empty output, and a source that is too long is truncated. The model is in evaluation mode
        during the search only.
        """
        sources = [ids[: self.config.longest_source] for ids in sources]
        lengths = [len(ids) + 1 if ids else 0 for ids in sources]

        def find(rows: list[int], longest: int) -> list[list[Hypothesis]]:
            return self._search_batch([sources[row] for row in rows], count, size, longest)

        with answering(self.model, self.config.decode.precision):
            by_row = grouped(lengths, find, longest=self._longest_output, tokens=self.config.decode.tokens)
        return [by_row.get(row, [Hypothesis([], 0.0, 0.0)]) for row in range(len(sources))]

    def loss(self, examples: Sequence[Example]) -> float:
        """The mean negative log-likelihood of a target token in nats. Examples are truncated to the model's limits."""
        source, target = self.config.longest_source, self.config.longest_target
        cut = [Example(pair.source[:source], pair.target[:target]) for pair in examples if pair.source]
        lengths = [max(len(pair.source), len(pair.target)) + 1 for pair in cut]
        nll, tokens = summed_loss(
            self.model, lengths, lambda rows: collate(cut, rows), tokens=self.config.decode.tokens
        )  # fmt: skip
        return nll / max(1, tokens)

    def maps(self, examples: Sequence[Example]) -> list[Maps]:
        """The attention maps of the model while it is forced to produce the targets of the examples."""
        with evaluating(self.model):
            return replay(self.model, self.config.looks, examples)

    def every_map(self, text: str, translation: Translation) -> list[Map]:
        """The maps of all layers and heads behind a translation of a text: encoder, decoder and between them."""
        source, target = self.source.encode(text)[: self.config.longest_source], translation.ids
        columns = self._words(source, self.source.surface_pieces(text))
        read = TokenWords.of(self.target, [BOS, *target[:-1]])
        sides = Sides(columns, TokenWords.of(self.target, target), read)
        with evaluating(self.model):
            return all_maps(
                self.model, self.config.looks, Example(source, target), sides, name=model_title(self.config.model.name)
            )

    def word_map(
        self, source: Sequence[int], target: Sequence[int], maps: Maps, *, typed: Sequence[str] = ()
    ) -> Map | None:
        """The word-level map of one pair (ids without EOS), with all layers; `typed` as in `TokenWords.of`."""
        rows, columns = TokenWords.of(self.target, target), self._words(source, typed)
        return word_map(self.look, maps, rows=rows, columns=columns, title=model_title(self.config.model.name))

    def _search_batch(
        self, sources: Sequence[Sequence[int]], count: int, size: int, longest: int
    ) -> list[list[Hypothesis]]:
        source, lengths = (tensor.to(self.device) for tensor in pad_sources(sources))
        settings = self.config.decode
        model = cast(Any, self.model)
        return search(
            model,
            model.encode(source, lengths),
            size=size,
            length_penalty=settings.length_penalty,
            coverage_penalty=settings.coverage_penalty,
            nbest=count,
            max_length=longest,
        )

    def _words(self, source: Sequence[int], typed: Sequence[str]) -> TokenWords:
        """The words of a source and EOS."""
        # The original text is that of the whole source, of which only a part may have been read.
        return TokenWords.of(self.source, [*source, EOS], typed[: len(source)])

    def _translation(self, source_text: _Source, hypothesis: Hypothesis, maps: Maps) -> Translation:
        source, typed, is_cut = source_text
        text = self.target.decode(hypothesis.tokens)
        words = self.word_map(source, hypothesis.tokens, maps, typed=typed)
        tokens, sources = self.target.pieces(hypothesis.tokens), self.source.pieces([*source, EOS])
        if words is None or self.look is None:
            return Translation(text, hypothesis.score, tokens, sources, is_cut=is_cut, ids=hypothesis.tokens)
        columns, rows = self._words(source, typed), TokenWords.of(self.target, hypothesis.tokens)
        alignment = word_links(self.look, maps, source=columns, target=rows)
        attention = read(self.look, maps)
        return Translation(
            text, hypothesis.score, tokens, sources, attention, words, alignment, is_cut, hypothesis.tokens
        )  # fmt: skip

    def _longest_output(self, length: int) -> int:
        """The most tokens of an output for a source of this length, which includes EOS."""
        longest, limit = int(self.config.decode.ratio * in_eights(length)) + 10, self.config.longest_target
        return longest if limit is None else min(longest, limit)

    def _is_longer(self, text: str) -> bool:
        return len(self.source.encode(text)) > self.config.longest_source


def tokeniser_names(config: TranslateConfig) -> tuple[str, str]:
    """The names of the source's and the target's tokenisers in the run folder."""
    return ("shared", "shared") if config.data.shared else ("source", "target")
