"""The parser: sentences in, trees out, each with where the model looked for its symbols."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import torch

from heedful.data.batch import Example, collate, pad_sources
from heedful.data.tokenise.base import SPECIAL
from heedful.data.tree import Tree
from heedful.data.tree.sentence import sentence_words
from heedful.data.tree.words import KnownWords
from heedful.decode import Bracketing, Brackets, Hypothesis, search
from heedful.shapes import EOS
from heedful.task.answering import answering, evaluating
from heedful.task.base import Predictor
from heedful.task.batches import batches, grouped, in_eights, summed_loss
from heedful.task.parse.config import ParseConfig
from heedful.task.parse.symbols import Symbols
from heedful.watch import Map, attentions, record

WORDS, SYMBOLS = "source", "target"
"""The names of the known words and of the symbols in the run folder."""


@dataclass(frozen=True, eq=False)
class Parse:
    """A sentence and its tree (None for a sentence without words).

    `score` is the log-probability, longer trees penalised as the settings say; `seen` is where the model looked, a row
    a symbol and a column a word; `is_cut` says that only the first words were read.
    """

    words: tuple[str, ...]
    tree: Tree | None
    score: float
    symbols: tuple[str, ...]
    seen: Map | None = None
    is_cut: bool = False


class Parser(Predictor[ParseConfig]):
    """A trained model with its words and symbols.

    Every tree that it gives is well-formed and has exactly the words of its sentence.
    """

    @property
    def words(self) -> KnownWords:
        """Which words have an id of their own."""
        return self.parts[WORDS]

    @property
    def symbols(self) -> Symbols:
        """What is said of a tree."""
        return self.parts[SYMBOLS]

    @cached_property
    def _brackets(self) -> Brackets:
        return self.symbols.brackets()

    def predict(
        self, sentences: Sequence[str | Sequence[str]], *, beam: int | None = None, attention: bool = True
    ) -> list[Parse]:
        """The tree of each sentence, in the order given: a text, or its words.

        `beam` is the width of the search (None: the settings'); 1 is greedy. Without `attention` it is quicker.
        """
        split = [self.split(one) if isinstance(one, str) else list(one) for one in sentences]
        read = [words[: self.config.longest_source] for words in split]
        found = self.search([self.source_ids(words) for words in read], beam or self.config.decode.beam)
        seen: list[Map | None] = [None] * len(read)
        if attention:
            seen = self.maps(read, [one.tokens for one in found])
        return [
            self._parse(words, one, looked, is_cut=len(words) < len(whole))
            for words, one, looked, whole in zip(read, found, seen, split, strict=True)
        ]

    def split(self, text: str) -> list[str]:
        """The words of a text, as the settings say."""
        return sentence_words(text) if self.config.data.split == "ptb" else text.split()

    def source_ids(self, words: Sequence[str]) -> list[int]:
        """The ids that the model reads, in the order in which it does."""
        ids = self.words.ids(words)
        return ids[::-1] if self.config.data.reverse else ids

    def example(self, tree: Tree) -> Example:
        """A tree as the model learns it."""
        return Example(self.source_ids(tree.words), self.symbols.ids(tree))

    def search(self, sources: Sequence[Sequence[int]], size: int) -> list[Hypothesis]:
        """The best symbols for source ids (without EOS), searched for with a beam of `size`."""
        lengths = [len(ids) + 1 if ids else 0 for ids in sources]

        def find(rows: list[int], longest: int) -> list[Hypothesis]:
            return self._search_batch([sources[row] for row in rows], size, longest)

        with answering(self.model, self.config.decode.precision):
            found = grouped(lengths, find, longest=self._longest_tree, tokens=self.config.decode.tokens)
        return [found.get(row, Hypothesis([], 0.0, 0.0)) for row in range(len(sources))]

    def loss(self, examples: Sequence[Example]) -> float:
        """The negative log-likelihood of a gold symbol, in nats; 0 where there is none."""
        known = self.config.model.settings.longest_target
        cut = [Example(one.source, one.target[: None if known is None else known - 1]) for one in examples]
        lengths = [max(len(one.source), len(one.target)) + 1 for one in cut]
        with evaluating(self.model):
            nll, tokens = summed_loss(
                self.model, lengths, lambda rows: collate(cut, rows), tokens=self.config.decode.tokens
            )
        return nll / max(1, tokens)

    def maps(self, sentences: Sequence[Sequence[str]], targets: Sequence[Sequence[int]]) -> list[Map | None]:
        """Where the model looks while it says these symbols: the mean over heads of its last look at the words."""
        maps: list[Map | None] = [None] * len(sentences)
        if not attentions(self.model, self.config.looks):
            return maps
        real = [i for i, words in enumerate(sentences) if words]
        with evaluating(self.model):
            for rows in batches([len(targets[i]) + 1 for i in real], self.config.decode.tokens):
                chosen = [real[row] for row in rows]
                for i, seen in zip(chosen, self._look([(sentences[i], targets[i]) for i in chosen]), strict=True):
                    maps[i] = seen
        return maps

    def _longest_tree(self, length: int) -> int:
        """The most symbols, EOS included, that the tree of a sentence of this length, its end included, may have."""
        most = int(self.config.decode.ratio * in_eights(length - 1)) + 20
        known = self.config.model.settings.longest_target
        return most if known is None else min(most, known)

    def _search_batch(self, sources: Sequence[Sequence[int]], size: int, longest: int) -> list[Hypothesis]:
        source, lengths = (tensor.to(self.device) for tensor in pad_sources(sources))
        model, decode = cast(Any, self.model), self.config.decode
        rule = Bracketing(self._brackets, lengths - 1, deepest=decode.deepest, run=decode.run)  # EOS is no word
        found = search(
            model,
            model.encode(source, lengths),
            size=size,
            length_penalty=decode.length_penalty,
            constraint=rule,
            max_length=longest,
        )
        return [options[0] for options in found]

    def _look(self, pairs: Sequence[tuple[Sequence[str], Sequence[int]]]) -> list[Map]:
        """The maps of one batch."""
        batch = collate([Example(self.source_ids(words), list(target)) for words, target in pairs])
        batch = batch.to(self.device)
        with torch.no_grad(), record(self.model, self.config.looks) as seen:
            cast(Any, self.model).logits(batch.source, batch.source_lengths, batch.target_in)
        name = list(seen.maps)[-1]
        maps: list[Map] = []
        for row, (words, target) in enumerate(pairs):
            own = {
                key: self._in_order(each[row, :, : len(target), : len(words) + 1]) for key, each in seen.maps.items()
            }
            title = f"{self.config.model.name}: {name}" + (", mean of its heads" if len(own[name]) > 1 else "")
            rows = tuple(self.symbols.pieces(target))
            maps.append(Map(own[name].mean(0), rows, (*words, SPECIAL[EOS]), title, own))
        return maps

    def _in_order(self, weights: torch.Tensor) -> torch.Tensor:
        """The columns in the order of the sentence, EOS last."""
        weights = weights.float().cpu()
        if not self.config.data.reverse:
            return weights
        return torch.cat([weights[..., :-1].flip(-1), weights[..., -1:]], dim=-1)

    def _parse(self, words: Sequence[str], found: Hypothesis, seen: Map | None, *, is_cut: bool) -> Parse:
        tree = self.symbols.tree(found.tokens, words) if words else None
        symbols = tuple(self.symbols.pieces(found.tokens))
        return Parse(tuple(words), tree, found.score, symbols, seen, is_cut)
