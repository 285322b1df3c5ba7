"""The recurrent translator: an encoder, a decoder family chosen by name, and the softmax over words."""

from collections.abc import Callable
from typing import Any, cast

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from heedful.errors import UserError
from heedful.layer.dropout import Dropout
from heedful.layer.loss import TextBatch, TokenLoss, token_loss
from heedful.layer.step import Step
from heedful.model.seq2seq.bahdanau import Bahdanau
from heedful.model.seq2seq.config import SeqToSeqConfig
from heedful.model.seq2seq.encoder import STARTS, Encoder, Source
from heedful.model.seq2seq.feedback import Feedback
from heedful.model.seq2seq.luong import Luong
from heedful.model.seq2seq.luong_feeding import LuongFeeding
from heedful.model.seq2seq.parts import Decoder
from heedful.model.seq2seq.peek import Peek
from heedful.model.seq2seq.simple import Simple
from heedful.model.seq2seq.static import Static
from heedful.shapes import PAD

DECODERS: dict[str, Callable[[SeqToSeqConfig, int], Decoder]] = {
    "simple": Simple,
    "feedback": Feedback,
    "peek": Peek,
    "static": Static,
    "bahdanau": Bahdanau,
    "luong": Luong,
    "luong-feeding": LuongFeeding,
}


class SeqToSeq(nn.Module):
    """An RNN encoder-decoder, trained all steps at once and run one step at a time.

    Sources and targets are token ids, padded with PAD; sources may be padded to any length. `step` and `logits`
    agree, and a row does not depend on the other rows.
    Parameters: ``encoder``, ``start_state``, ``embedding`` (target), ``decoder``, ``output`` (Linear; its weight is
    the embedding's where `config.tied`).
    Raises: UserError, for an unknown name in the config or widths that do not fit.
    """

    def __init__(self, config: SeqToSeqConfig, source_size: int, target_size: int) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config, _embedding(source_size, config.embed))
        width = self.encoder.annotation_dim
        self.start_state = STARTS[config.start](config, width)
        self.embedding = _embedding(target_size, config.embed)
        self.dropout = Dropout(config.dropout)
        self.decoder: Decoder = DECODERS[config.decoder](config, width)
        self.output = nn.Linear(self.decoder.output_dim, target_size)
        nn.init.xavier_uniform_(self.output.weight)
        nn.init.zeros_(self.output.bias)
        if config.tied:
            self.output.weight = _tied(self.embedding, self.decoder.output_dim)

    @property
    def source(self) -> str:
        """The paper of the decoder family."""
        return self.decoder.source

    def encode(self, source: Int[Tensor, "B S"], lengths: Int[Tensor, " B"]) -> Source:
        """Read the sources, up to their lengths (at least 1 each)."""
        reading = self.encoder(source, lengths)
        memory = self.decoder.read(reading.annotations, lengths)
        return Source(memory, reading.final[0][:, -1], self.start_state(reading))

    def start(self, memory: Source) -> Any:
        """The decoder's state before the first word."""
        return self.decoder.start(memory)

    def step(self, token: Int[Tensor, " B"], state: Any, memory: Source) -> Step:
        """Say one word (BOS first), hear the logits of the next, and where the model looked for it."""
        features, after, attention = self.decoder.step(self._embed(token), state, memory)
        return Step(self.output(self._read_out(features)), after, attention)

    def logits(
        self, source: Int[Tensor, "B S"], lengths: Int[Tensor, " B"], target_in: Int[Tensor, "B T"]
    ) -> Float[Tensor, "B T V"]:
        """Logits of every next word, the words before it given (BOS first)."""
        return self.output(self._read_out(self._features(source, lengths, target_in)))

    def loss(self, batch: TextBatch) -> TokenLoss:
        """The loss summed over the real target words; readout and softmax never see padding."""
        features = self._features(batch.source, batch.source_lengths, batch.target_in)
        real = (batch.target_out != PAD).flatten().nonzero().squeeze(1)
        hidden = self._read_out(features.flatten(0, 1).index_select(0, real))
        target = batch.target_out.flatten().index_select(0, real)
        return token_loss(hidden, self.output.weight, self.output.bias, target=target, smoothing=self.config.smoothing)

    def _embed(self, tokens: Int[Tensor, "..."]) -> Float[Tensor, "... E"]:
        return self.dropout(self.embedding(tokens))

    def _features(self, source: Tensor, lengths: Tensor, target_in: Tensor) -> Float[Tensor, "B T F"]:
        """What the readout reads, for all steps."""
        return self.decoder.unroll(self._embed(target_in), self.encode(source, lengths))

    def _read_out(self, features: Float[Tensor, "... F"]) -> Float[Tensor, "... R"]:
        """What the softmax reads."""
        return self.dropout(self.decoder.readout(features))


def _embedding(size: int, width: int) -> nn.Embedding:
    """Word vectors of about unit length, so that as output weights they give logits of order 1."""
    embedding = nn.Embedding(size, width, padding_idx=PAD)
    nn.init.normal_(embedding.weight, std=width**-0.5)
    with torch.no_grad():
        embedding.weight[PAD] = 0.0
    return embedding


def _tied(embedding: nn.Embedding, output_dim: int) -> nn.Parameter:
    """The embedding's weight, to be the softmax's.

    Raises: UserError, when the softmax reads vectors of another width.
    """
    if embedding.embedding_dim != output_dim:
        raise UserError(
            f"tied needs embed and hidden to be equal, got embed {embedding.embedding_dim} and hidden {output_dim}",
            hint="set both alike, or tied to false",
        )
    return cast(nn.Parameter, embedding.weight)
