"""Text classification: words to one vector, directly or via sentences, and a linear output over labels."""

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from heedful.errors import UserError
from heedful.layer.dropout import Dropout
from heedful.layer.label import LabelOutput, label_loss
from heedful.layer.loss import TokenLoss
from heedful.layer.many_labels import HierarchicalOutput, SampledOutput
from heedful.layer.precision import for_products
from heedful.layer.recurrent import Recurrent
from heedful.model.text.config import TextConfig
from heedful.model.text.encoder import RnnEncoder, text_vectors
from heedful.model.text.level import Level
from heedful.model.text.sentences import group_sentences, read_sentences, scatter_sentence_weights, scatter_word_weights
from heedful.shapes import ShapeError, describe, keep_from_lengths

ENDS: dict[str, type[nn.Identity] | type[nn.Tanh]] = {"none": nn.Identity, "tanh": nn.Tanh}

OUTPUTS: dict[str, Callable[[TextConfig, int, int], LabelOutput | SampledOutput | HierarchicalOutput]] = {
    "full": lambda config, dim, labels: LabelOutput(dim, labels, max_norm=config.max_norm),
    "sampled": lambda config, dim, labels: SampledOutput(dim, labels, samples=config.samples, max_norm=config.max_norm),
    "hierarchical": lambda config, dim, labels: HierarchicalOutput(dim, labels, max_norm=config.max_norm),
}
"""Output layers by name, built from the settings, the width of a text's vector and the number of labels."""


@runtime_checkable
class LabelledBatch(Protocol):
    """What a classifier needs of a batch, see `heedful.data.DocumentBatch`; a negative label means unlabelled."""

    @property
    def tokens(self) -> Int[Tensor, "B S"]: ...
    @property
    def lengths(self) -> Int[Tensor, " B"]: ...
    @property
    def sentences(self) -> Int[Tensor, "B N"]: ...
    @property
    def labels(self) -> Int[Tensor, " B"]: ...


class TextClassifier(nn.Module):
    """An encoder, a pooling and an output layer; a hierarchy has encoder and pooling twice, for words and sentences.

    `tokens` are a text's sentences one after the other, and `sentences` the number of tokens of each; a flat model
    ignores the latter. A row depends neither on other rows nor on padding, nor on sentences without words.
    Parameters: ``vectors``, ``words`` and, in a hierarchy, ``sentences`` (`Level`), ``output``. Attentions are
    ``words.pooling.attention`` and ``sentences.pooling.attention``; in a transformer ``words.encoder.layers.N.self``.
    For the words of a hierarchy the recorder keeps one call per group of `group_sentences`; `looks` merges them.
    """

    def __init__(self, config: TextConfig, size: int, classes: int) -> None:
        super().__init__()
        self.config = config
        self.vectors = text_vectors(config, size)
        self.words = Level(config, config.embed)
        self.sentences = Level(config, self.words.output_dim) if config.structure == "hierarchy" else None
        self.output_dim = self.words.output_dim if self.sentences is None else self.sentences.output_dim
        self.end, self.dropout = ENDS[config.end](), Dropout(config.dropout)
        self.output = OUTPUTS[config.output](config, self.output_dim, classes)

    @property
    def embedding(self) -> nn.Embedding:
        """The word vectors."""
        return self.vectors.embedding

    @property
    def recurrent(self) -> Recurrent:
        """The recurrent layers that read the words.

        Raises: UserError, when the encoder has none.
        """
        if not isinstance(self.words.encoder, RnnEncoder):
            raise UserError(
                f"encoder {self.config.encoder!r} has no recurrent layers that pretrained ones could initialise",
                hint="set encoder to rnn, with cell, hidden and layers as they were in pretraining",
            )
        return self.words.encoder.recurrent

    def start_from(self, vectors: Float[Tensor, "V D"], known: Bool[Tensor, " V"]) -> None:
        """Initialise word vectors with pretrained ones: see `WordVectors.start_from`."""
        self.vectors.start_from(vectors, known)

    @torch.no_grad()
    def transplant(self, embedding: nn.Embedding, recurrent: Recurrent) -> None:
        """Copy the embedding and the recurrent layers of a model that was trained on unlabelled text.

        Raises: UserError, naming both shapes, when they are not those of this model.
        Source: Dai and Le 2015, section 2 (arXiv:1511.01432).
        """
        # Both are checked before either is copied: an error leaves this model unchanged.
        for what, module, pretrained in (
            ("embedding", self.embedding, embedding),
            ("recurrent layers", self.recurrent, recurrent),
        ):
            expected = {name: describe(tensor) for name, tensor in module.state_dict().items()}
            shapes = {name: describe(tensor) for name, tensor in pretrained.state_dict().items()}
            if expected != shapes:
                raise UserError(
                    f"the pretrained model's {what} {shapes} do not fit this model's {expected}",
                    hint="take the pretrained model's tokeniser, cell, embed, hidden, layers, and bidirectional false",
                )
        self.embedding.load_state_dict(embedding.state_dict())
        self.recurrent.load_state_dict(recurrent.state_dict())

    def features(
        self, tokens: Int[Tensor, "B S"], lengths: Int[Tensor, " B"], sentences: Int[Tensor, "B N"]
    ) -> Float[Tensor, "B D"]:
        """The output's input: one vector per text."""
        if self.sentences is None:
            return self.end(self.words(self.vectors(tokens), lengths))
        _check_sentences(lengths, sentences)
        return self.end(self.sentences(*read_sentences(tokens, sentences, self._read_sentence)))

    def logits(
        self, tokens: Int[Tensor, "B S"], lengths: Int[Tensor, " B"], sentences: Int[Tensor, "B N"]
    ) -> Float[Tensor, "B C"]:
        """The logits of the labels; log-probabilities with output "hierarchical"."""
        return self.output(self.dropout(self.features(tokens, lengths, sentences)))

    def loss(self, batch: LabelledBatch) -> TokenLoss:
        """The loss summed over labelled texts, and their number.

        With gain "linear" the label is predicted from every state of a text. The t-th of T states has the weight
        t / (1 + ... + T); the reported negative log-likelihood is that of the last state.
        Source: Dai and Le 2015, section 3 (arXiv:1511.01432), for the gain.
        """
        smoothing = self.config.smoothing
        if self.config.gain == "last":
            features = self.dropout(self.features(batch.tokens, batch.lengths, batch.sentences))
            return self.output.loss(features, batch.labels, smoothing=smoothing)
        states = self.words.encoder(self.vectors(batch.tokens), batch.lengths)
        row, step = keep_from_lengths(batch.lengths, states.shape[1]).nonzero(as_tuple=True)
        logits = self.output(self.dropout(self.end(states[row, step])))
        length = batch.lengths[row]
        # t / (1 + ... + T) with t = step + 1, in closed form.
        share = (2 * (step + 1) / (length * (length + 1))).to(logits.dtype)
        loss = label_loss(logits, batch.labels[row], smoothing=smoothing, share=share)
        last = label_loss(logits[step == length - 1], batch.labels)
        return TokenLoss(loss.total, last.nll, last.tokens)

    @torch.no_grad()
    def looks(
        self, tokens: Int[Tensor, "B S"], lengths: Int[Tensor, " B"], sentences: Int[Tensor, "B N"]
    ) -> dict[str, Float[Tensor, "B _"]]:
        """The weights with which words and sentences enter the features.

        Returns: "words" ``[B, S]``, which sum to 1 over a text, or in a hierarchy over each sentence; a hierarchy also
            has "sentences" ``[B, N]``, which sum to 1 over a text. For max pooling the weight of a state is the
            fraction of columns in which it is the maximum; for last pooling the last state has weight 1.
        """
        if self.sentences is None:
            return {"words": self.words.weigh(self.vectors(tokens), lengths)}
        _check_sentences(lengths, sentences)
        groups, flat = group_sentences(sentences, tokens.shape[1]), tokens.flatten()
        words = [self.words.weigh(self.vectors(flat[group.token]), group.lengths) for group in groups]
        sentence_weights = self.sentences.weigh(*read_sentences(tokens, sentences, self._read_sentence))
        return {
            "words": scatter_word_weights(groups, words, tokens),
            "sentences": scatter_sentence_weights(sentence_weights, sentences),
        }

    def _read_sentence(self, tokens: Int[Tensor, "R W"], lengths: Int[Tensor, " R"]) -> Float[Tensor, "R D"]:
        return for_products(self.words(self.vectors(tokens), lengths))


def _check_sentences(lengths: Tensor, sentences: Tensor) -> None:
    """Raises: ShapeError, when the sentence lengths of a row do not add up to its length, or that is 0."""
    total = sentences.sum(1)
    if not total.equal(lengths) or not lengths.all():
        raise ShapeError(
            f"sentences of {total.tolist()} tokens in total, but lengths are {lengths.tolist()}: each row needs at "
            "least one token, and sentence lengths that add up to its length."
        )
