"""A trained parser, which maps sentences to trees and shows the attention of each symbol."""

from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast

import torch

from heedful.data.batch import Example, collate, pad_sources
from heedful.data.bucket import batches_by_length
from heedful.data.token_words import TokenWords
from heedful.data.tokenise.base import SPECIAL
from heedful.data.tree import Tree
from heedful.data.tree.sentence import sentence_words
from heedful.data.tree.words import KnownWords
from heedful.decode import Bracketing, Brackets, Hypothesis, search
from heedful.deprecation import warn_deprecated
from heedful.shapes import BOS, EOS
from heedful.task.answering import answering, evaluating
from heedful.task.base import Predictor
from heedful.task.batches import grouped, in_eights, summed_loss
from heedful.task.inputs import as_questions, check_text
from heedful.task.models import model_title
from heedful.task.parse.config import ParseConfig
from heedful.task.parse.symbols import Symbols
from heedful.watch import Map, attentions, record
from heedful.watch.all_maps import Sides, all_maps
from heedful.watch.notebook import answer_html
from heedful.watch.record import unrecorded
from heedful.watch.titles import attention_title

WORDS, SYMBOLS = "source", "target"
"""The names of the two vocabularies in the run folder."""


@dataclass(frozen=True, eq=False)
class Parse:
    """A sentence and its tree, which is None for a sentence without words.

    `score` is the log-probability, with the length penalty of the settings. `map` is the attention map, with a row for
    each symbol and a column for each word. `is_cut` says that only the first words were read. `ids` are those of the
    symbols.
    """

    words: tuple[str, ...]
    tree: Tree | None
    score: float
    symbols: tuple[str, ...]
    map: Map | None = None
    is_cut: bool = False
    ids: list[int] = field(default_factory=list[int])

    @property
    def seen(self) -> Map | None:
        """The old name of `map`."""
        warn_deprecated("Parse.seen", "Parse.map", stacklevel=2)
        return self.map

    def __repr__(self) -> str:
        return f"Parse({str(self.tree or '')!r}, score={self.score:.4f})"

    def _repr_html_(self) -> str:
        """The tree and the map, for notebooks."""
        return answer_html(str(self.tree or ""), [self.map] if self.map else [])


class Parser(Predictor[ParseConfig]):
    """A trained model with its vocabularies of words and symbols.

    Every tree that it returns is well-formed and has exactly the words that were read.
    """

    @property
    def words(self) -> KnownWords:
        """The vocabulary of words."""
        return self.parts[WORDS]

    @property
    def symbols(self) -> Symbols:
        """The vocabulary of tree symbols."""
        return self.parts[SYMBOLS]

    @cached_property
    def _brackets(self) -> Brackets:
        return self.symbols.brackets()

    def predict(
        self, sentences: Iterable[str | Sequence[str]], *, beam: int | None = None, attention: bool = True
    ) -> list[Parse]:
        """The tree of each sentence, in the order of the sentences. A sentence is a text or a list of words.

        `beam` is the width of the search; None means as the settings say, and 1 is greedy. It is faster without
        `attention`.
        Raises: UserError, for a single text, and for an item that is neither a text nor words.
        """
        split = [self._words_of(item, f"item {i}") for i, item in enumerate(as_questions(sentences, "sentences"))]
        inputs = [words[: self.config.longest_source] for words in split]
        # A recorder is to see the trees, not what the search tries: `maps` produces them once more.
        with unrecorded() if attention else nullcontext():
            hypotheses = self.search([self.source_ids(words) for words in inputs], beam or self.config.decode.beam)
        maps: list[Map | None] = [None] * len(inputs)
        if attention:
            maps = self.maps(inputs, [hypothesis.tokens for hypothesis in hypotheses])
        return [
            self._parse(words, hypothesis, of_symbols, is_cut=len(words) < len(whole))
            for words, hypothesis, of_symbols, whole in zip(inputs, hypotheses, maps, split, strict=True)
        ]

    def _words_of(self, sentence: Any, name: str) -> list[str]:
        """The words of a text, or of a list of words; `name` is what errors call it."""
        if isinstance(sentence, list | tuple):
            words = cast(Sequence[Any], sentence)
            for position, word in enumerate(words):
                check_text(word, f"word {position} of {name}")
            return list(words)
        check_text(sentence, name)
        return self.split(sentence)

    def split(self, text: str) -> list[str]:
        """Splits a text into words, as the settings say."""
        return sentence_words(text) if self.config.data.split == "ptb" else text.split()

    def source_ids(self, words: Sequence[str]) -> list[int]:
        """The ids of words, in the order in which the model reads them."""
        ids = self.words.ids(words)
        return ids[::-1] if self.config.data.reverse else ids

    def example(self, tree: Tree) -> Example:
        """A tree as a training example."""
        return Example(self.source_ids(tree.words), self.symbols.ids(tree))

    def search(self, sources: Sequence[Sequence[int]], size: int) -> list[Hypothesis]:
        """The best symbols for each sentence (ids without EOS), found with a beam of `size`."""
        lengths = [len(ids) + 1 if ids else 0 for ids in sources]

        def find(rows: list[int], longest: int) -> list[Hypothesis]:
            return self._search_batch([sources[row] for row in rows], size, longest)

        with answering(self.model, self.config.decode.precision):
            by_row = grouped(lengths, find, longest=self._longest_tree, tokens=self.config.decode.tokens)
        return [by_row.get(row, Hypothesis([], 0.0, 0.0)) for row in range(len(sources))]

    def loss(self, examples: Sequence[Example]) -> float:
        """The mean negative log-likelihood of a gold symbol in nats; 0 if there is none."""
        positions = self.config.model.settings.longest_target
        # A gold tree of validation may be longer than the model can generate; one position is for EOS.
        longest = None if positions is None else positions - 1
        cut = [Example(example.source, example.target[:longest]) for example in examples]
        lengths = [max(len(example.source), len(example.target)) + 1 for example in cut]
        with evaluating(self.model):
            nll, tokens = summed_loss(
                self.model, lengths, lambda rows: collate(cut, rows), tokens=self.config.decode.tokens
            )
        return nll / max(1, tokens)

    def maps(self, sentences: Sequence[Sequence[str]], targets: Sequence[Sequence[int]]) -> list[Map | None]:
        """The map of the last attention to the words, averaged over heads; the model is forced to these targets."""
        maps: list[Map | None] = [None] * len(sentences)
        if not attentions(self.model, self.config.looks):
            return maps
        filled = [row for row, words in enumerate(sentences) if words]
        with evaluating(self.model):
            for batch in batches_by_length([len(targets[row]) + 1 for row in filled], self.config.decode.tokens):
                rows = [filled[index] for index in batch]
                recorded = self._record([(sentences[row], targets[row]) for row in rows])
                for row, of_symbols in zip(rows, recorded, strict=True):
                    maps[row] = of_symbols
        return maps

    def every_map(self, parse: Parse) -> list[Map]:
        """The maps of all layers and heads behind a tree: encoder, decoder and between them."""
        source, count = self.source_ids(parse.words), len(parse.words)
        order = reversed(range(count)) if self.config.data.reverse else range(count)
        # The model may read the words backwards; maps have them in the order of the sentence.
        words = TokenWords((*parse.words, SPECIAL[EOS]), (*((word,) for word in order), (count,)))
        target, read = (_one_each(self.symbols.pieces(ids)) for ids in (parse.ids, [BOS, *parse.ids[:-1]]))
        name = model_title(self.config.model.name)
        with evaluating(self.model):
            return all_maps(
                self.model, self.config.looks, Example(source, parse.ids), sides=Sides(words, target, read), name=name
            )

    def _longest_tree(self, length: int) -> int:
        """The most symbols of a tree for a sentence of this length. Both lengths include EOS."""
        longest = int(self.config.decode.ratio * in_eights(length - 1)) + 20
        positions = self.config.model.settings.longest_target
        return longest if positions is None else min(longest, positions)

    def _search_batch(self, sources: Sequence[Sequence[int]], size: int, longest: int) -> list[Hypothesis]:
        source, lengths = (tensor.to(self.device) for tensor in pad_sources(sources))
        model, decode = cast(Any, self.model), self.config.decode
        # EOS is not a word, so that a tree has one terminal fewer than the source has tokens.
        rule = Bracketing(self._brackets, lengths - 1, deepest=decode.deepest, run=decode.run)
        beams = search(
            model,
            model.encode(source, lengths),
            size=size,
            length_penalty=decode.length_penalty,
            constraint=rule,
            max_length=longest,
        )
        return [beam[0] for beam in beams]

    def _record(self, pairs: Sequence[tuple[Sequence[str], Sequence[int]]]) -> list[Map]:
        """The maps of one batch."""
        batch = collate([Example(self.source_ids(words), list(target)) for words, target in pairs])
        batch = batch.to(self.device)
        with torch.no_grad(), record(self.model, self.config.looks) as recording:
            cast(Any, self.model).logits(batch.source, batch.source_lengths, batch.target_in)
        name = list(recording.maps)[-1]
        maps: list[Map] = []
        for row, (words, target) in enumerate(pairs):
            # Without the padding of the batch.
            layers = {
                layer: self._in_order(weights[row, :, : len(target), : len(words) + 1])
                for layer, weights in recording.maps.items()
            }
            title = f"{model_title(self.config.model.name)}: {attention_title(name)}"
            title += ", mean of its heads" if len(layers[name]) > 1 else ""
            rows = tuple(self.symbols.pieces(target))
            maps.append(Map(layers[name].mean(0), rows, (*words, SPECIAL[EOS]), title, layers))
        return maps

    def _in_order(self, weights: torch.Tensor) -> torch.Tensor:
        """The weights with columns in the order of the sentence, EOS last."""
        weights = weights.float().cpu()
        if not self.config.data.reverse:
            return weights
        return torch.cat([weights[..., :-1].flip(-1), weights[..., -1:]], dim=-1)

    def _parse(self, words: Sequence[str], hypothesis: Hypothesis, map_: Map | None, *, is_cut: bool) -> Parse:
        tree = self.symbols.tree(hypothesis.tokens, words) if words else None
        symbols = tuple(self.symbols.pieces(hypothesis.tokens))
        return Parse(tuple(words), tree, hypothesis.score, symbols, map_, is_cut, hypothesis.tokens)


def _one_each(texts: Sequence[str]) -> TokenWords:
    """Words of one token each."""
    return TokenWords(tuple(texts), tuple((index,) for index in range(len(texts))))
