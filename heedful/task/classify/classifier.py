"""A trained classifier: text in, label out, with the words and sentences that it went by."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor

from heedful.data.document import Document, as_document, collate_documents, typed_in
from heedful.data.token_words import TokenWords, merge
from heedful.data.tokenise import Tokeniser
from heedful.errors import UserError
from heedful.shapes import describe
from heedful.task.answering import answering
from heedful.task.base import TOKENISER, Predictor
from heedful.task.batches import batches
from heedful.task.classify.config import ClassifyConfig
from heedful.watch import Map, attentions, record


@dataclass(frozen=True, eq=False)
class Classification:
    """One text's label, how probable it is, and what the model went by.

    `probabilities` has every label. `words` are the sentences of the text, each with its words and how much of each
    is in the sentence's vector (rows ``[1, S]`` that sum to 1); only the first has a title, so that they are drawn as
    one text. `sentences` is how much of each sentence is in the text's, with a hierarchical model, and then the names
    of the rows. Both are empty when attention was not asked for. `is_cut` says that the text was too long, and its
    end not read.
    """

    label: str
    probability: float
    probabilities: Mapping[str, float]
    words: list[Map] = field(default_factory=list[Map])
    sentences: list[float] = field(default_factory=list[float])
    is_cut: bool = False


class Classifier(Predictor[ClassifyConfig]):
    """A model with its tokeniser, labels and settings, as training leaves it and `heedful.load(folder)` gives it."""

    model: Any

    @property
    def tokeniser(self) -> Tokeniser:
        """How a text becomes tokens."""
        return self.parts[TOKENISER]

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes, in the order of the scores."""
        return self.config.labels

    def predict(self, texts: Sequence[str], *, attention: bool = True) -> list[Classification]:
        """The label of each text, in the order given; without `attention` it is quicker."""
        longest = self.config.data.max_length
        read = [as_document(text, self.tokeniser, longest=longest) for text in texts]
        documents = [document for document, _ in read]
        rows = torch.softmax(self.scores(documents) / self.config.answer.temperature, dim=-1).tolist()
        seen = self._looks(documents, texts) if attention else [([], []) for _ in documents]
        found: list[Classification] = []
        for row, (words, sentences), (_, is_cut) in zip(rows, seen, read, strict=True):
            by_label = dict(zip(self.labels, row, strict=True))
            label = max(by_label, key=by_label.__getitem__)
            name = f"{self.config.model.name}: {label}, probability {by_label[label]:.2f}"
            named = [
                replace(one, rows=(f"{sentences[i]:.2f}" if sentences else label,), title="" if i else name)
                for i, one in enumerate(words)
            ]
            found.append(Classification(label, by_label[label], by_label, named, sentences, is_cut))
        return found

    def scores(self, documents: Sequence[Document]) -> Float[Tensor, "N C"]:
        """The model's score of every label for each document, on the CPU, temperature left out."""
        scores = torch.zeros(len(documents), len(self.labels))
        with self._answering(self.config.answer.precision):
            for rows in batches([one.length for one in documents], self.config.answer.tokens):
                batch = collate_documents(documents, rows).to(self.device)
                logits = self.model.logits(batch.tokens, batch.lengths, batch.sentences)
                if logits.shape != (len(rows), len(self.labels)):
                    raise UserError(
                        f"{type(self.model).__name__}.logits returned {describe(logits)}",
                        hint=f"expected [{len(rows)}, {len(self.labels)}]: one row a text, one score a label",
                    )
                scores[rows] = logits.float().cpu()
        return scores

    def every_map(self, text: str) -> list[Map]:
        """The maps of all layers and heads that looked at the words of a text; none of a hierarchical model."""
        document, _ = as_document(text, self.tokeniser, longest=self.config.data.max_length)
        if getattr(self.model, "sentences", None) is not None or not attentions(self.model):
            return []
        batch = collate_documents([document]).to(self.device)
        with self._answering("float32"), record(self.model) as seen:
            self.model.logits(batch.tokens, batch.lengths, batch.sentences)
        words = TokenWords.of(self.tokeniser, batch.tokens[0].tolist(), self._typed(text))
        return [
            one
            for name, heads in seen.maps.items()
            if heads.shape[-1] == len(words.of_token)
            for one in _over_words(heads[0].float().cpu(), words, name).of_heads()
        ]

    def _looks(self, documents: Sequence[Document], texts: Sequence[str]) -> list[tuple[list[Map], list[float]]]:
        """Of each document the words of every sentence with their weights, and the sentences' weights."""
        found: list[tuple[list[Map], list[float]]] = [([], []) for _ in documents]
        if not hasattr(self.model, "looks"):  # a model of the user's own need not say what it looks at
            return found
        with self._answering("float32"):
            for rows in batches([one.length for one in documents], self.config.answer.tokens):
                batch = collate_documents(documents, rows).to(self.device)
                looks = self.model.looks(batch.tokens, batch.lengths, batch.sentences)
                for place, row in enumerate(rows):
                    ids, words = batch.tokens[place].cpu(), looks["words"][place].float().cpu()
                    above = looks["sentences"][place].float().tolist() if "sentences" in looks else []
                    counts = batch.sentences[place].tolist() if above else [int(batch.lengths[place])]
                    heard = [weight for weight, count in zip(above, counts, strict=False) if count]
                    typed = self._typed(texts[row])
                    found[row] = list(self._by_sentence(ids, words, typed, counts)), heard
        return found

    def _typed(self, text: str) -> list[str]:
        return typed_in(text, self.tokeniser, longest=self.config.data.max_length)

    def _by_sentence(self, ids: Tensor, weights: Tensor, typed: Sequence[str], counts: Sequence[int]) -> Iterator[Map]:
        start = 0
        for count in counts:
            if count:
                own = slice(start, start + count)
                words = TokenWords.of(self.tokeniser, ids[own].tolist(), typed[own])
                yield _over_words(weights[None, None, own], words)
            start += count

    def _answering(self, precision: Literal["auto", "float32", "bfloat16"]) -> AbstractContextManager[None]:
        """The model as it answers; what is shown is computed in full precision."""
        return answering(self.model, precision)


def _over_words(heads: Float[Tensor, "H T S"], words: TokenWords, layer: str = "") -> Map:
    """The heads of a layer over tokens as a map over words: its rows too, unless it has one only."""
    rows, count = words, heads.shape[1]
    if count == 1 or count != len(words.of_token):
        rows = TokenWords(("",) * count, tuple((row,) for row in range(count)))
    merged = merge(heads, rows, words)
    return Map(merged.mean(0), rows.texts, words.texts, layers={layer: merged})
