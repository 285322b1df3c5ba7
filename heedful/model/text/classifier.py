"""Texts to labels: words to one vector, by way of sentences or not, and from there to a score for each label."""

from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from heedful.errors import UserError
from heedful.layer.dropout import Dropout
from heedful.layer.label import LabelOutput, label_loss
from heedful.layer.loss import TokenLoss
from heedful.layer.precision import for_products
from heedful.layer.recurrent import Recurrent
from heedful.model.text.config import TextConfig
from heedful.model.text.encoder import RnnEncoder, text_vectors
from heedful.model.text.level import Level
from heedful.model.text.sentences import group_sentences, read_sentences, scatter_sentence_weights, scatter_word_weights
from heedful.shapes import ShapeError, describe, keep_from_lengths

ENDS: dict[str, type[nn.Identity] | type[nn.Tanh]] = {"none": nn.Identity, "tanh": nn.Tanh}


@runtime_checkable
class LabelledBatch(Protocol):
    """What a classifier needs of a batch: see `heedful.data.DocumentBatch`; a negative label is none."""

    @property
    def tokens(self) -> Int[Tensor, "B S"]: ...
    @property
    def lengths(self) -> Int[Tensor, " B"]: ...
    @property
    def sentences(self) -> Int[Tensor, "B N"]: ...
    @property
    def labels(self) -> Int[Tensor, " B"]: ...


class TextClassifier(nn.Module):
    """One encoder, one pooling, and scores of the labels; a hierarchy has both twice.

    `tokens` are a text's sentences one after the other, `sentences` how many tokens each has; a flat model does not
    read the latter. A row depends neither on the others nor on padding, nor on sentences without words.
    Parameters: ``vectors``, ``words`` and perhaps ``sentences`` (`Level`), ``output``. What looks is called
    ``words.pooling.attention`` and ``sentences.pooling.attention``; in a transformer ``words.encoder.layers.N.self``.
    Of a hierarchy's words the recorder keeps a call for each of `group_sentences`; `looks` puts them together.
    """

    def __init__(self, config: TextConfig, size: int, classes: int) -> None:
        super().__init__()
        self.config = config
        self.vectors = text_vectors(config, size)
        self.words = Level(config, config.embed)
        self.sentences = Level(config, self.words.output_dim) if config.structure == "hierarchy" else None
        self.output_dim = self.words.output_dim if self.sentences is None else self.sentences.output_dim
        self.end, self.dropout = ENDS[config.end](), Dropout(config.dropout)
        self.output = LabelOutput(self.output_dim, classes, max_norm=config.max_norm)

    @property
    def embedding(self) -> nn.Embedding:
        """The words' vectors."""
        return self.vectors.embedding

    @property
    def recurrent(self) -> Recurrent:
        """The recurrent layers that read the words.

        Raises: UserError, when other layers do.
        """
        if not isinstance(self.words.encoder, RnnEncoder):
            raise UserError(
                f"encoder {self.config.encoder!r} has no recurrent layers to begin from others",
                hint="set encoder to rnn, with cell, hidden and layers as they were in pretraining",
            )
        return self.words.encoder.recurrent

    def start_from(self, vectors: Float[Tensor, "V D"], known: Bool[Tensor, " V"]) -> None:
        """Begin with word vectors learned elsewhere: see `WordVectors.start_from`."""
        self.vectors.start_from(vectors, known)

    @torch.no_grad()
    def transplant(self, embedding: nn.Embedding, recurrent: Recurrent) -> None:
        """Begin with the embedding and the recurrent layers of a model that was trained on unlabelled text, bit by bit.

        Raises: UserError, naming both shapes, when they are not of this model's.
        Source: Dai and Le 2015, section 2 (arXiv:1511.01432).
        """
        for what, own, other in (
            ("embedding", self.embedding, embedding),
            ("recurrent layers", self.recurrent, recurrent),
        ):
            mine = {name: describe(tensor) for name, tensor in own.state_dict().items()}
            given = {name: describe(tensor) for name, tensor in other.state_dict().items()}
            if mine != given:
                raise UserError(
                    f"the pretrained model's {what} {given} do not fit this model's {mine}",
                    hint="take the pretrained model's tokeniser, cell, embed, hidden, layers, and bidirectional false",
                )
        self.embedding.load_state_dict(embedding.state_dict())
        self.recurrent.load_state_dict(recurrent.state_dict())

    def features(
        self, tokens: Int[Tensor, "B S"], lengths: Int[Tensor, " B"], sentences: Int[Tensor, "B N"]
    ) -> Float[Tensor, "B D"]:
        """What the output reads: one vector a text."""
        if self.sentences is None:
            return self.end(self.words(self.vectors(tokens), lengths))
        _check_sentences(lengths, sentences)
        return self.end(self.sentences(*read_sentences(tokens, sentences, self._read_sentence)))

    def logits(
        self, tokens: Int[Tensor, "B S"], lengths: Int[Tensor, " B"], sentences: Int[Tensor, "B N"]
    ) -> Float[Tensor, "B C"]:
        """The scores of the labels."""
        return self.output(self.dropout(self.features(tokens, lengths, sentences)))

    def loss(self, batch: LabelledBatch) -> TokenLoss:
        """The loss summed over labelled texts, which it counts.

        With gain "linear" every state of a text answers: the t-th of T counts t / (1 + ... + T) of the text; the
        negative log-likelihood is that of the last.
        Source: Dai and Le 2015, section 3 (arXiv:1511.01432), for the gain.
        """
        smoothing = self.config.smoothing
        if self.config.gain == "last":
            logits = self.logits(batch.tokens, batch.lengths, batch.sentences)
            return label_loss(logits, batch.labels, smoothing=smoothing)
        states = self.words.encoder(self.vectors(batch.tokens), batch.lengths)
        row, step = keep_from_lengths(batch.lengths, states.shape[1]).nonzero(as_tuple=True)
        logits = self.output(self.dropout(self.end(states[row, step])))
        length = batch.lengths[row]
        share = (2 * (step + 1) / (length * (length + 1))).to(logits.dtype)
        loss = label_loss(logits, batch.labels[row], smoothing=smoothing, share=share)
        last = label_loss(logits[step == length - 1], batch.labels)
        return TokenLoss(loss.total, last.nll, last.tokens)

    @torch.no_grad()
    def looks(
        self, tokens: Int[Tensor, "B S"], lengths: Int[Tensor, " B"], sentences: Int[Tensor, "B N"]
    ) -> dict[str, Float[Tensor, "B _"]]:
        """How much of each word and sentence is in the features.

        Returns: "words" ``[B, S]``, which sum to 1 over a text, or over each sentence in a hierarchy; there also
            "sentences" ``[B, N]``, which sum to 1 over a text. Of a maximum it is the share of the columns that a state
            gave, of a last state all of it.
        """
        if self.sentences is None:
            return {"words": self.words.weigh(self.vectors(tokens), lengths)}
        _check_sentences(lengths, sentences)
        groups, flat = group_sentences(sentences, tokens.shape[1]), tokens.flatten()
        words = [self.words.weigh(self.vectors(flat[group.token]), group.lengths) for group in groups]
        above = self.sentences.weigh(*read_sentences(tokens, sentences, self._read_sentence))
        return {
            "words": scatter_word_weights(groups, words, tokens),
            "sentences": scatter_sentence_weights(above, sentences),
        }

    def _read_sentence(self, tokens: Int[Tensor, "R W"], lengths: Int[Tensor, " R"]) -> Float[Tensor, "R D"]:
        return for_products(self.words(self.vectors(tokens), lengths))


def _check_sentences(lengths: Tensor, sentences: Tensor) -> None:
    """Raises: ShapeError, when the sentences of a row are not all its tokens, or none."""
    total = sentences.sum(1)
    if not total.equal(lengths) or not lengths.all():
        raise ShapeError(
            f"sentences of {total.tolist()} tokens in all, but lengths are {lengths.tolist()}: give each row at least "
            "one token, and the tokens of each of its sentences."
        )
