"""A trained translator: text in, text out, with where it looked."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, cast

from jaxtyping import Float
from torch import Tensor

from heedful.data.batch import Example, collate, pad_sources
from heedful.data.token_words import TokenWords
from heedful.data.tokenise import Tokeniser
from heedful.decode import Hypothesis, search
from heedful.shapes import EOS
from heedful.task.answering import answering, evaluating
from heedful.task.base import Predictor
from heedful.task.batches import grouped, in_eights, summed_loss
from heedful.task.look import Look, Maps, default_look, read, replay, word_links, word_map
from heedful.task.translate.config import TranslateConfig
from heedful.watch import Map


@dataclass(frozen=True, eq=False)
class Translation:
    """One translation and where it looked.

    `score` is what search compared. `tokens` are the pieces of the text, `source_tokens` those of the source with its
    end; `attention` is ``[T, S]`` over them, and `words` the same over words, with all layers and heads behind it.
    `alignment` are pairs of source and target word, from 0. `is_cut` says that the source was too long and its end
    was not read. What concerns attention is empty when it was not asked for, or the model does not look.
    """

    text: str
    score: float
    tokens: list[str]
    source_tokens: list[str]
    attention: Float[Tensor, "T S"] | None = None
    words: Map | None = None
    alignment: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    is_cut: bool = False


class _Read(NamedTuple):
    """What was read of a source, what was typed there, and whether its end was not read."""

    ids: list[int]
    typed: Sequence[str]
    is_cut: bool


class Translator(Predictor[TranslateConfig]):
    """A model with its tokenisers and settings. `heedful.load(folder)` gives one; training leaves such a folder."""

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
        """The map that is shown and read as alignment; None for a model that does not look."""
        return self.config.look or self._default_look

    @cached_property
    def _default_look(self) -> Look | None:
        """Found once: it walks through all modules, and is asked for at every sentence."""
        return default_look(self.model, self.config.looks)

    def predict(self, texts: Sequence[str], *, beam: int | None = None, attention: bool = True) -> list[Translation]:
        """The best translation of each text, in the order given.

        `beam` is the width of the search (None: the settings'); 1 is greedy. Without `attention` it is quicker.
        """
        return [found[0] for found in self.nbest(texts, 1, beam=beam, attention=attention)]

    def nbest(
        self, texts: Sequence[str], count: int, *, beam: int | None = None, attention: bool = True
    ) -> list[list[Translation]]:
        """At most `count` translations of each text, the best first; the beam is at least as wide."""
        sources = [ids[: self.config.longest_source] for ids in self.source.encode_all(texts)]
        found = self.search(sources, count, max(count, beam or self.config.decode.beam))
        flat = [(i, hypothesis) for i, options in enumerate(found) for hypothesis in options]
        seen: list[Maps] = [{} for _ in flat]
        if attention:
            seen = self.maps([Example(sources[i], hypothesis.tokens) for i, hypothesis in flat])
        results: list[list[Translation]] = [[] for _ in texts]
        for (i, hypothesis), maps in zip(flat, seen, strict=True):
            is_cut = len(sources[i]) == self.config.longest_source and self._is_longer(texts[i])
            typed = self.source.surface_pieces(texts[i]) if attention else ()
            results[i].append(self._translation(_Read(sources[i], typed, is_cut), hypothesis, maps))
        return results

    def search(self, sources: Sequence[Sequence[int]], count: int, size: int) -> list[list[Hypothesis]]:
        """The best `count` outputs for source ids (without EOS), searched for with a beam of `size`.

        An empty source has an empty output, and one that is too long is cut. The model searches in evaluation mode and
        goes back to its own.
        """
        sources = [ids[: self.config.longest_source] for ids in sources]
        lengths = [len(ids) + 1 if ids else 0 for ids in sources]

        def find(rows: list[int], longest: int) -> list[list[Hypothesis]]:
            return self._search_batch([sources[row] for row in rows], count, size, longest)

        with answering(self.model, self.config.decode.precision):
            found = grouped(lengths, find, longest=self._longest_output, tokens=self.config.decode.tokens)
        return [found.get(row, [Hypothesis([], 0.0, 0.0)]) for row in range(len(sources))]

    def loss(self, examples: Sequence[Example]) -> float:
        """The negative log-likelihood of a target token in nats; what the model cannot read or say is cut off."""
        source, target = self.config.longest_source, self.config.longest_target
        cut = [Example(one.source[:source], one.target[:target]) for one in examples if one.source]
        lengths = [max(len(one.source), len(one.target)) + 1 for one in cut]
        nll, tokens = summed_loss(
            self.model, lengths, lambda rows: collate(cut, rows), tokens=self.config.decode.tokens
        )  # fmt: skip
        return nll / max(1, tokens)

    def maps(self, examples: Sequence[Example]) -> list[Maps]:
        """Where the model looks while it says given targets to given sources."""
        with evaluating(self.model):
            return replay(self.model, self.config.looks, examples)

    def word_map(
        self, source: Sequence[int], target: Sequence[int], maps: Maps, *, typed: Sequence[str] = ()
    ) -> Map | None:
        """The map of one sentence over words, all layers behind it (ids without EOS); `typed` as in `TokenWords.of`."""
        rows, columns = TokenWords.of(self.target, target), self._words(source, typed)
        return word_map(self.look, maps, rows, columns, title=self.config.model.name)

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
        """The words of a source, and its end; what was typed may be longer than what was read."""
        return TokenWords.of(self.source, [*source, EOS], typed[: len(source)])

    def _translation(self, read_of: _Read, found: Hypothesis, maps: Maps) -> Translation:
        source, typed, is_cut = read_of
        text = self.target.decode(found.tokens)
        words = self.word_map(source, found.tokens, maps, typed=typed)
        tokens, sources = self.target.pieces(found.tokens), self.source.pieces([*source, EOS])
        if words is None or self.look is None:
            return Translation(text, found.score, tokens, sources, is_cut=is_cut)
        columns, rows = self._words(source, typed), TokenWords.of(self.target, found.tokens)
        alignment = word_links(self.look, maps, source=columns, target=rows)
        return Translation(text, found.score, tokens, sources, read(self.look, maps), words, alignment, is_cut)

    def _longest_output(self, length: int) -> int:
        """The most tokens that the output of a source of this length, its end included, may have."""
        longest, most = int(self.config.decode.ratio * in_eights(length)) + 10, self.config.longest_target
        return longest if most is None else min(longest, most)

    def _is_longer(self, text: str) -> bool:
        return len(self.source.encode(text)) > self.config.longest_source


def tokeniser_names(config: TranslateConfig) -> tuple[str, str]:
    """The names under which the source's and the target's tokenisers lie in the folder."""
    return ("shared", "shared") if config.data.shared else ("source", "target")
