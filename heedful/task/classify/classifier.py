"""A trained classifier, which shows the words and sentences that a label is based on."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor

from heedful.data.bucket import batches_by_length
from heedful.data.document import Document, DocumentBatch, as_document, collate_documents, typed_in
from heedful.data.packed import document_lengths
from heedful.data.sentence import iterate_sentences
from heedful.data.token_words import TokenWords
from heedful.data.tokenise import Tokeniser
from heedful.errors import UserError
from heedful.model.text.sentences import group_sentences
from heedful.shapes import describe
from heedful.task.answering import answering
from heedful.task.base import TOKENISER, Predictor
from heedful.task.classify.answer import best_labels, listed_labels
from heedful.task.classify.config import ClassifyConfig
from heedful.task.classify.maps import maps_of_heads, maps_of_levels, over_words, self_maps_of_levels
from heedful.task.inputs import as_texts
from heedful.task.models import model_title
from heedful.watch import Map, Recording, attentions, record
from heedful.watch.notebook import answer_html
from heedful.watch.record import unrecorded

_BATCH_SCORES = 1 << 24
"""The most scores of a batch, 64 MB: with many labels they need more memory than the model does."""


@dataclass(frozen=True, eq=False)
class Classification:
    """The label of a text, its probability, and the attention behind it.

    `probabilities` has every label, in the order of the classes. Where only the most probable ones were asked for, or
    there are more than 100 labels, it has these, the best first. `words` has one map for each sentence, with the weight
    of each word in the vector of the sentence: ``[1, S]``, with sum 1. Only the first map has a title, so that they are
    drawn as one text. `sentences` has the weight of each sentence in the vector of the text; only hierarchical models
    have it. It also names the rows of the maps. Both are empty if attention was not asked for. `is_cut` says that the
    text was truncated.
    """

    label: str
    probability: float
    probabilities: Mapping[str, float] = field(repr=False)
    words: list[Map] = field(default_factory=list[Map], repr=False)
    sentences: list[float] = field(default_factory=list[float], repr=False)
    is_cut: bool = False

    def _repr_html_(self) -> str:
        """The label and its maps, for notebooks."""
        return answer_html(f"{self.label} {self.probability:.4f}", self.words)


class Classifier(Predictor[ClassifyConfig]):
    """A trained model with its tokeniser, labels and settings, as `heedful.load(folder)` returns it."""

    model: Any

    @property
    def tokeniser(self) -> Tokeniser:
        """The tokeniser of texts."""
        return self.parts[TOKENISER]

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes, in the order of the scores."""
        return self.config.labels

    def predict(
        self, texts: Iterable[str], *, attention: bool = True, top: int | str | None = None
    ) -> list[Classification]:
        """The label of each text, in the order of the texts. It is faster without `attention`.

        `top` is how many labels get a probability, the best first, or "all" for all in the order of the classes. The
        default is all of up to 100 labels, and the 5 best of more.
        Raises: UserError, for another `top`, for a single text, and for an item that is no text.
        """
        texts, count = as_texts(texts), listed_labels(top, len(self.labels))
        longest = self.config.data.max_length
        inputs = [as_document(text, self.tokeniser, longest=longest) for text in texts]
        documents = [document for document, _ in inputs]
        listed = self._listed(documents, count)
        weights = self._attention(documents, texts) if attention else [([], []) for _ in documents]
        results: list[Classification] = []
        for by_label, (words, sentences), (_, is_cut) in zip(listed, weights, inputs, strict=True):
            label = max(by_label, key=by_label.__getitem__)
            name = f"{model_title(self.config.model.name)}: {label}, probability {by_label[label]:.2f}"
            named = [
                replace(sentence, rows=(f"{sentences[i]:.2f}" if sentences else label,), title="" if i else name)
                for i, sentence in enumerate(words)
            ]
            results.append(Classification(label, by_label[label], by_label, named, sentences, is_cut))
        return results

    def scores(self, documents: Sequence[Document]) -> Float[Tensor, "N C"]:
        """The model's score of every label for each document, on the CPU, not divided by the temperature."""
        scores = torch.zeros(len(documents), len(self.labels))

        def put(rows: list[int], of_rows: Tensor) -> None:
            scores[rows] = of_rows

        self.score_batches(documents, put)
        return scores

    def score_batches(self, documents: Sequence[Document], take: Callable[[list[int], Tensor], None]) -> None:
        """Calls `take` with the indices of the documents of each batch and their `scores`.

        Use it where the scores of all documents for very many labels do not fit into memory.
        Raises: UserError, when the model does not return a score for each label.
        """
        most, tokens = max(1, _BATCH_SCORES // len(self.labels)), self.config.answer.tokens
        with self._answering(self.config.answer.precision):
            for rows in batches_by_length(document_lengths(documents), tokens, rows=most):
                batch = collate_documents(documents, rows).to(self.device)
                logits = self.model.logits(batch.tokens, batch.lengths, batch.sentences)
                if logits.shape != (len(rows), len(self.labels)):
                    raise UserError(
                        f"{type(self.model).__name__}.logits returned {describe(logits)}",
                        hint=f"expected [{len(rows)}, {len(self.labels)}]: one row per text, one score per label",
                    )
                take(rows, logits.float().cpu())

    def _listed(self, documents: Sequence[Document], count: int | None) -> list[dict[str, float]]:
        """The probabilities of the `count` best labels of each document, the best first; None for all, unsorted."""
        temperature = self.config.answer.temperature
        if count is None:
            rows = torch.softmax(self.scores(documents) / temperature, dim=-1).tolist()
            return [dict(zip(self.labels, row, strict=True)) for row in rows]
        listed: list[dict[str, float]] = [{} for _ in documents]

        def put(rows: list[int], scores: Tensor) -> None:
            values, numbers = best_labels(torch.softmax(scores / temperature, dim=-1), count)
            for row, of_row, of_labels in zip(rows, values.tolist(), numbers.tolist(), strict=True):
                listed[row] = {self.labels[number]: value for number, value in zip(of_labels, of_row, strict=True)}

        self.score_batches(documents, put)
        return listed

    def every_map(self, text: str, answer: Classification) -> list[Map]:
        """The maps of all layers and heads behind the `answer` to a text.

        Of a hierarchical model, the first map has the weight of each sentence; the maps of `answer` follow, with the
        weights of the words in each sentence. A model without further maps has those of `answer` alone.
        """
        document, _ = as_document(text, self.tokeniser, longest=self.config.data.max_length)
        batch = collate_documents([document]).to(self.device)
        recording, name = self._recorded(batch), model_title(self.config.model.name)
        counts = batch.sentences[0].tolist() if answer.sentences else [int(batch.lengths[0])]
        words = [words for _, words in self._by_sentence(batch.tokens[0].tolist(), self._typed(text), counts)]
        if not answer.sentences:
            return maps_of_heads(recording.maps, words[0], name) or answer.words
        texts = self._sentence_texts(text, words, is_cut=answer.is_cut)
        of_text = Map(torch.tensor([answer.sentences]), (answer.label,), texts)
        pooling = any(module.startswith("sentences.pooling") for module in recording.calls)
        groups = group_sentences(batch.sentences, batch.tokens.shape[1])
        return [
            *maps_of_levels(of_text, answer.words, name=name, pooling=pooling),
            *self_maps_of_levels(recording.calls, groups, sentences=texts, words=words, name=name),
        ]

    def _recorded(self, batch: DocumentBatch) -> Recording:
        """The attention weights of a batch; none for a model without attention."""
        if not attentions(self.model):
            return Recording()
        # For a recording of the user, this pass would be a second one of the same text.
        with self._answering("float32"), unrecorded(), record(self.model) as recording:
            self.model.logits(batch.tokens, batch.lengths, batch.sentences)
        return recording

    def _sentence_texts(self, text: str, words: Sequence[TokenWords], *, is_cut: bool) -> list[str]:
        """The sentences as they were typed; `words` are the words that the model reads of each."""
        # Those without a token are no sentences of the document.
        sentences = (sentence for sentence in iterate_sentences(text) if self.tokeniser.encode(sentence))
        texts = list(islice(sentences, len(words)))
        if is_cut or not texts:
            # The model has read a part of the last sentence, or an unknown word in place of an empty text.
            texts[len(words) - 1 :] = [" ".join(words[-1].texts) + (" …" if is_cut else "")]
        return texts

    def _attention(self, documents: Sequence[Document], texts: Sequence[str]) -> list[tuple[list[Map], list[float]]]:
        """For each document, the maps of its sentences over words, and the weights of its sentences."""
        weights: list[tuple[list[Map], list[float]]] = [([], []) for _ in documents]
        # The user's own model need not have attention.
        if not hasattr(self.model, "looks"):
            return weights
        # The attention that a recorder is to see is that behind the scores.
        with self._answering("float32"), unrecorded():
            for rows in batches_by_length([document.length for document in documents], self.config.answer.tokens):
                batch = collate_documents(documents, rows).to(self.device)
                of_batch = self.model.looks(batch.tokens, batch.lengths, batch.sentences)
                for index, row in enumerate(rows):
                    ids, of_tokens = batch.tokens[index].tolist(), of_batch["words"][index].float().cpu()
                    sentences = of_batch["sentences"][index].float().tolist() if "sentences" in of_batch else []
                    # A model without sentence weights reads the text as one sentence.
                    counts = batch.sentences[index].tolist() if sentences else [int(batch.lengths[index])]
                    of_sentences = [weight for weight, count in zip(sentences, counts, strict=False) if count]
                    parts = self._by_sentence(ids, self._typed(texts[row]), counts)
                    maps = [over_words(of_tokens[None, None, part], words) for part, words in parts]
                    weights[row] = maps, of_sentences
        return weights

    def _typed(self, text: str) -> list[str]:
        return typed_in(text, self.tokeniser, longest=self.config.data.max_length)

    def _by_sentence(
        self, ids: Sequence[int], typed: Sequence[str], counts: Sequence[int]
    ) -> Iterator[tuple[slice, TokenWords]]:
        """The tokens of each sentence that has some, and their words."""
        start = 0
        for count in filter(None, counts):
            part = slice(start, start + count)
            yield part, TokenWords.of(self.tokeniser, ids[part], typed[part])
            start += count

    def _answering(self, precision: Literal["auto", "float32", "bfloat16"]) -> AbstractContextManager[None]:
        """The model in inference mode. Maps are computed in float32, so that their rows sum to 1."""
        return answering(self.model, precision)
