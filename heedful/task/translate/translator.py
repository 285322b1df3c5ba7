"""A trained translator: text in, text out, with where it looked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, cast

from jaxtyping import Float
from torch import Tensor, nn

from heedful.data.batch import Example, pad_sources
from heedful.data.tokenise import Tokeniser
from heedful.decode import Hypothesis, search
from heedful.shapes import EOS
from heedful.store import save_tensors
from heedful.task.answering import answering, evaluating
from heedful.task.batches import batches
from heedful.task.config import changed_for_use
from heedful.task.folder import WEIGHTS, with_weights
from heedful.task.models import Family
from heedful.task.translate.config import Look, TranslateConfig
from heedful.task.translate.folder import build_model, load_config, load_tokenisers, save_texts
from heedful.task.translate.look import Maps, default_look, read, replay, word_links
from heedful.task.translate.models import MODELS
from heedful.task.words import Words, merge
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


class Translator:
    """A model with its tokenisers and settings. `heedful.load(folder)` gives one; training leaves such a folder."""

    def __init__(self, config: TranslateConfig, model: nn.Module, *, source: Tokeniser, target: Tokeniser) -> None:
        self.config = config
        self.model = model
        self.source, self.target = source, target

    def save(self, folder: str | Path) -> None:
        """Writes a folder that `load` reads, with a README that says how to use it.

        Raises: UserError, when a file cannot be written.
        """
        folder = Path(folder)
        save_texts(folder, self.config, {}, source=self.source, target=self.target)
        save_tensors(folder / WEIGHTS, self.model.state_dict())

    @property
    def family(self) -> Family:
        """What is known of this kind of model."""
        return MODELS.named(self.config.model.name)[1].family

    @property
    def look(self) -> Look | None:
        """The map that is shown and read as alignment; None for a model that does not look."""
        return self.config.look or self._default_look

    @cached_property
    def _default_look(self) -> Look | None:
        """Found once: it walks through all modules, and is asked for at every sentence."""
        return default_look(self.model, self.family.looks)

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
            typed = self.source.typed(texts[i]) if attention else ()
            results[i].append(self._translation(_Read(sources[i], typed, is_cut), hypothesis, maps))
        return results

    def search(self, sources: Sequence[Sequence[int]], count: int, size: int) -> list[list[Hypothesis]]:
        """The best `count` outputs for source ids (without EOS), searched for with a beam of `size`.

        An empty source has an empty output, and one that is too long is cut. The model searches in evaluation mode and
        goes back to its own.
        """
        sources = [ids[: self.config.longest_source] for ids in sources]
        nothing = Hypothesis([], 0.0, 0.0)
        found: list[list[Hypothesis]] = [[nothing] for _ in sources]
        real = [i for i, ids in enumerate(sources) if ids]
        lengths = [len(sources[i]) + 1 for i in real]
        with answering(self.model, self.config.decode.precision):
            for longest, alike in _by_longest_output(lengths, self.config.decode.ratio, self.config.longest_target):
                for rows in batches([lengths[k] for k in alike], self.config.decode.tokens):
                    chosen = [real[alike[row]] for row in rows]
                    hypotheses = self._search_batch([sources[i] for i in chosen], count, size, longest)
                    for i, options in zip(chosen, hypotheses, strict=True):
                        found[i] = options
        return found

    def maps(self, examples: Sequence[Example]) -> list[Maps]:
        """Where the model looks while it says given targets to given sources."""
        with evaluating(self.model):
            return replay(self.model, self.family.looks, examples)

    def word_map(
        self, source: Sequence[int], target: Sequence[int], maps: Maps, *, typed: Sequence[str] = ()
    ) -> Map | None:
        """The map of one sentence over words, all layers behind it (ids without EOS); `typed` as in `Words.of`."""
        look = self.look
        if look is None or not maps or not target:
            return None
        rows, columns = Words.of(self.target, target), self._words(source, typed)
        steps = len(target)
        layers = {name: merge(heads[:, :steps], rows, columns) for name, heads in maps.items()}
        weights = merge(read(look, maps), rows, columns)
        return Map(weights, rows.texts, columns.texts, f"{self.config.model.name}: {look}", layers)

    def _search_batch(
        self, sources: Sequence[Sequence[int]], count: int, size: int, longest: int
    ) -> list[list[Hypothesis]]:
        device = next(self.model.parameters()).device
        source, lengths = (tensor.to(device) for tensor in pad_sources(sources))
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

    def _words(self, source: Sequence[int], typed: Sequence[str]) -> Words:
        """The words of a source, and its end; what was typed may be longer than what was read."""
        return Words.of(self.source, [*source, EOS], typed[: len(source)])

    def _translation(self, read_of: _Read, found: Hypothesis, maps: Maps) -> Translation:
        source, typed, is_cut = read_of
        text = self.target.decode(found.tokens)
        words = self.word_map(source, found.tokens, maps, typed=typed)
        tokens, sources = self.target.pieces(found.tokens), self.source.pieces([*source, EOS])
        if words is None or self.look is None:
            return Translation(text, found.score, tokens, sources, is_cut=is_cut)
        columns, rows = self._words(source, typed), Words.of(self.target, found.tokens)
        alignment = word_links(self.look, maps, source=columns, target=rows)
        return Translation(text, found.score, tokens, sources, read(self.look, maps), words, alignment, is_cut)

    def _is_longer(self, text: str) -> bool:
        return len(self.source.encode(text)) > self.config.longest_source


def load(folder: Path, device: str = "cpu", changes: Mapping[str, Any] | None = None) -> Translator:
    """The translator of a run folder; `changes` are settings of the sections decode and look.

    Raises: UserError, when the folder or a file in it is missing or damaged.
    """
    config = changed_for_use(load_config(folder), changes or {}, ("decode", "look"))
    source, target = load_tokenisers(folder, config)
    model = with_weights(build_model(config, source.size, target.size), folder, device)
    return Translator(config, model, source=source, target=target)


def _by_longest_output(lengths: Sequence[int], ratio: float, most: int | None) -> list[tuple[int, list[int]]]:
    """The most tokens an output may have, and the sentences for which that is so.

    It depends on a sentence's own length only, in steps of 8, so that no output depends on who shares its batch.
    """
    groups: dict[int, list[int]] = {}
    for i, length in enumerate(lengths):
        longest = int(ratio * -(-length // 8) * 8) + 10
        groups.setdefault(longest if most is None else min(longest, most), []).append(i)
    return sorted(groups.items(), reverse=True)
