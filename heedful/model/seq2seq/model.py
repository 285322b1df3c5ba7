"""The recurrent translator: an encoder, a decoder family chosen by name, and the softmax over words."""

from collections.abc import Callable
from typing import Any, cast

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from heedful.errors import UserError
from heedful.layer.dropout import Dropout
from heedful.layer.loss import TextBatch, TokenLoss, token_loss
from heedful.layer.step import Step
from heedful.model.seq2seq.bahdanau import Bahdanau
from heedful.model.seq2seq.config import SeqToSeqConfig
from heedful.model.seq2seq.encoder import STARTS, Encoder, Source, word_vectors
from heedful.model.seq2seq.feedback import Feedback
from heedful.model.seq2seq.grammar import Grammar
from heedful.model.seq2seq.guided import Guided
from heedful.model.seq2seq.luong import Luong
from heedful.model.seq2seq.luong_feeding import LuongFeeding
from heedful.model.seq2seq.parts import Decoder
from heedful.model.seq2seq.peek import Peek
from heedful.model.seq2seq.simple import Simple
from heedful.model.seq2seq.static import Static
from heedful.shapes import BOS, PAD

DECODERS: dict[str, Callable[[SeqToSeqConfig, int], Decoder]] = {
    "simple": Simple,
    "feedback": Feedback,
    "peek": Peek,
    "static": Static,
    "bahdanau": Bahdanau,
    "luong": Luong,
    "luong-feeding": LuongFeeding,
    "grammar": Grammar,
    "guided": Guided,
}


class SeqToSeq(nn.Module):
    """An RNN encoder-decoder, trained all steps at once and run one step at a time.

    Sources and targets are token ids, padded with PAD; sources may be padded to any length. `step` and `logits`
    agree, and a row does not depend on the other rows.
    Parameters: ``encoder``, ``start_state``, ``target_embedding``, ``decoder``, ``output`` (Linear).
    `source_words` makes source ids into vectors ``embed`` wide, in place of a table of one vector for each. `moving`
    says after which target tokens a decoder stands at the next source word: a step stands where as many of them have
    been said. By default all move, so that step t stands at source word t.
    Raises: UserError, for an unknown name in the config or widths that do not fit.
    """

    moving: Tensor

    def __init__(
        self,
        config: SeqToSeqConfig,
        source_size: int,
        target_size: int,
        *,
        source_words: nn.Module | None = None,
        moving: Bool[Tensor, " V"] | None = None,
    ) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("moving", _all_but_begin(target_size) if moving is None else moving, persistent=False)
        self.target_embedding = word_vectors(target_size, config.embed)
        self.encoder = Encoder(config, source_words or self._source_embedding(source_size))
        width = self.encoder.annotation_dim
        self.start_state = STARTS[config.start](config, width)
        self.dropout = Dropout(config.dropout)
        self.decoder: Decoder = DECODERS[config.decoder](config, width)
        self.output = nn.Linear(self.decoder.output_dim, target_size)
        nn.init.xavier_uniform_(self.output.weight)
        nn.init.zeros_(self.output.bias)
        if config.tie != "none":
            self.output.weight = self._output_weight()

    def encode(self, source: Int[Tensor, "B S"], lengths: Int[Tensor, " B"]) -> Source:
        """Read the sources, up to their lengths (at least 1 each)."""
        reading = self.encoder(source, lengths)
        memory = self.decoder.read(reading.states, lengths)
        return Source(memory, reading.final[0][:, -1], self.start_state(reading))

    def start(self, memory: Source) -> Any:
        """The decoder's state before the first word."""
        return self.decoder.start(memory)

    def share(self, memory: Source, size: int) -> Source:
        """The memory for `size` rows of each sentence: itself, for `step` lines rows up with it."""
        return memory

    def step(self, token: Int[Tensor, " R"], state: Any, memory: Source) -> Step:
        """Say one word (BOS first); hear the logits of the next, and where the model looked for it.

        Rows may be a multiple of the memory's, k in a run for each sentence.
        """
        if hasattr(state, "position"):
            state = state._replace(position=state.position + self.moving[token])
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
        return self.dropout(self.target_embedding(tokens))

    def _features(self, source: Tensor, lengths: Tensor, target_in: Tensor) -> Float[Tensor, "B T F"]:
        """What the readout reads, for all steps."""
        position = self.moving[target_in].cumsum(1)
        return self.decoder.unroll(self._embed(target_in), self.encode(source, lengths), position)

    def _read_out(self, features: Float[Tensor, "... F"]) -> Float[Tensor, "... R"]:
        """What the softmax reads."""
        return self.dropout(self.decoder.readout(features))

    def _source_embedding(self, size: int) -> nn.Embedding:
        """The source's own word vectors, or the target's where all are one."""
        target_size = self.target_embedding.weight.shape[0]
        if self.config.tie != "all":
            return word_vectors(size, self.config.embed)
        if size != target_size:
            raise UserError(
                f"tie 'all' needs one vocabulary, got {size} source and {target_size} target tokens",
                hint="train a joint tokeniser, or set tie to 'target'",
            )
        return self.target_embedding

    def _output_weight(self) -> nn.Parameter:
        """The target embedding's weight, to be the softmax's."""
        if self.config.embed != self.decoder.output_dim:
            raise UserError(
                f"tie {self.config.tie!r} needs embed and hidden to be equal, got embed {self.config.embed} and hidden "
                f"{self.decoder.output_dim}",
                hint="set both alike, or tie to 'none'",
            )
        return cast(nn.Parameter, self.target_embedding.weight)


def _all_but_begin(size: int) -> Bool[Tensor, " V"]:
    """Every token moves on, but BOS, which stands before the first."""
    return torch.arange(size) != BOS
