"""The parser: sentences in, trees out, each with where the model looked for its symbols."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from torch import nn

from heedful.data.batch import Example, collate, pad_sources
from heedful.data.tokenise.base import SPECIAL
from heedful.data.tree import Tree
from heedful.data.tree.sentence import sentence_words
from heedful.data.tree.words import KnownWords
from heedful.decode import Bracketing, Hypothesis, search
from heedful.shapes import EOS
from heedful.store import save_tensors
from heedful.task.answering import answering, evaluating
from heedful.task.batches import batches
from heedful.task.config import changed_for_use
from heedful.task.folder import WEIGHTS, with_weights
from heedful.task.parse.config import ParseConfig
from heedful.task.parse.folder import build_model, load_config, load_texts, save_texts
from heedful.task.parse.models import MODELS
from heedful.task.parse.symbols import Symbols
from heedful.watch import Map, attentions, record


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


class Parser:
    """A trained model with its words and symbols.

    Every tree that it gives is well-formed and has exactly the words of its sentence.
    """

    def __init__(self, config: ParseConfig, model: nn.Module, *, words: KnownWords, symbols: Symbols) -> None:
        self.config, self.model, self.words, self.symbols = config, model, words, symbols
        self._brackets = symbols.brackets()

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
        found = [Hypothesis([], 0.0, 0.0) for _ in sources]
        with answering(self.model, self.config.decode.precision):
            for longest, alike in self._by_longest([len(ids) for ids in sources]):
                for rows in batches([len(sources[i]) + 1 for i in alike], self.config.decode.tokens):
                    chosen = [alike[row] for row in rows]
                    for i, one in zip(chosen, self._batch([sources[i] for i in chosen], size, longest), strict=True):
                        found[i] = one
        return found

    def maps(self, sentences: Sequence[Sequence[str]], targets: Sequence[Sequence[int]]) -> list[Map | None]:
        """Where the model looks while it says these symbols: the mean over heads of its last look at the words."""
        maps: list[Map | None] = [None] * len(sentences)
        if not attentions(self.model, self._looks):
            return maps
        real = [i for i, words in enumerate(sentences) if words]
        with evaluating(self.model):
            for rows in batches([len(targets[i]) + 1 for i in real], self.config.decode.tokens):
                chosen = [real[row] for row in rows]
                for i, seen in zip(chosen, self._look([(sentences[i], targets[i]) for i in chosen]), strict=True):
                    maps[i] = seen
        return maps

    def save(self, folder: str | Path) -> None:
        """Writes a folder that `heedful.load` reads."""
        folder = Path(folder)
        save_texts(folder, self.config, self.words, symbols=self.symbols)
        save_tensors(folder / WEIGHTS, self.model.state_dict())

    @property
    def _looks(self) -> str:
        return MODELS.named(self.config.model.name)[1].family.looks

    def _by_longest(self, lengths: Sequence[int]) -> list[tuple[int, list[int]]]:
        """The most symbols a tree may have, EOS included, and the sentences for which that is so; no empty ones.

        It depends on a sentence's own length only, in steps of 8, so that no tree depends on who shares its batch.
        """
        groups: dict[int, list[int]] = {}
        for i, length in enumerate(lengths):
            most = int(self.config.decode.ratio * -(-length // 8) * 8) + 20
            known = self.config.model.settings.longest_target
            if length:
                groups.setdefault(most if known is None else min(most, known), []).append(i)
        return sorted(groups.items(), reverse=True)

    def _batch(self, sources: Sequence[Sequence[int]], size: int, longest: int) -> list[Hypothesis]:
        device = next(self.model.parameters()).device
        source, lengths = (tensor.to(device) for tensor in pad_sources(sources))
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
        batch = batch.to(next(self.model.parameters()).device)
        with torch.no_grad(), record(self.model, self._looks) as seen:
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


def load(folder: Path, device: str = "cpu", changes: Mapping[str, Any] | None = None) -> Parser:
    """The parser of a run folder; `changes` are settings of the section decode.

    Raises: UserError, when the folder or a file in it is missing or damaged.
    """
    config = changed_for_use(load_config(folder), changes or {}, ("decode",))
    words, symbols = load_texts(folder, config)
    model = with_weights(build_model(config, words, symbols), folder, device)
    return Parser(config, model, words=words, symbols=symbols)
