"""The recurrent encoder-decoder: an encoder, a decoder family chosen by name, and the softmax over words."""

from collections.abc import Callable
from typing import Any, cast

import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor, nn

from heedful.errors import UserError
from heedful.layer.dropout import Dropout
from heedful.layer.loss import TextBatch, TokenLoss, token_loss
from heedful.layer.step import Step
from heedful.model.encoder import check_encoder, encode_source
from heedful.model.seq2seq.bahdanau import Bahdanau
from heedful.model.seq2seq.config import SeqToSeqConfig
from heedful.model.seq2seq.encoder import STARTS, RecurrentTextEncoder, Source, word_vectors
from heedful.model.seq2seq.grammar import Grammar
from heedful.model.seq2seq.guided import Guided
from heedful.model.seq2seq.luong import Luong
from heedful.model.seq2seq.luong_feeding import LuongFeeding
from heedful.model.seq2seq.parts import Decoder
from heedful.model.seq2seq.sentinel import Adaptive
from heedful.model.seq2seq.show_attend_tell import ShowAttendTell
from heedful.model.seq2seq.static import Static
from heedful.model.seq2seq.summary import SUMMARY_INPUTS, SummaryDecoder
from heedful.shapes import BOS, PAD

DECODERS: dict[str, Callable[[SeqToSeqConfig, int], Decoder]] = {
    **dict.fromkeys(SUMMARY_INPUTS, SummaryDecoder),
    "static": Static,
    "bahdanau": Bahdanau,
    "luong": Luong,
    "luong-feeding": LuongFeeding,
    "grammar": Grammar,
    "guided": Guided,
    "show-attend-tell": ShowAttendTell,
    "adaptive": Adaptive,
}


class SeqToSeq(nn.Module):
    """An RNN encoder-decoder, trained on all steps at once and decoded step by step.

    `encoder` encodes a source of any kind (see `heedful.model.encoder`); `for_texts` uses `RecurrentTextEncoder`.
    Targets are token ids, padded with PAD. `step` and `logits` agree, and a row does not depend on the other rows.
    `advances` marks the target tokens that move on to the next source position: a step's source position is the number
    of such tokens before it. By default all tokens but BOS advance, so that step t is at position t.
    Parameters: ``encoder``, ``start_state``, ``target_embedding``, ``decoder``, ``output`` (Linear).
    Raises: UserError, for an unknown name in the config or widths that do not fit; TypeError, for an encoder without
        ``output_dim``.
    """

    advances: Tensor

    def __init__(
        self,
        config: SeqToSeqConfig,
        encoder: nn.Module,
        target_embedding: nn.Embedding,
        *,
        advances: Bool[Tensor, " V"] | None = None,
    ) -> None:
        super().__init__()
        size, width = target_embedding.num_embeddings, check_encoder(encoder)
        self.config = config
        self.register_buffer("advances", _all_but_begin(size) if advances is None else advances, persistent=False)
        self.target_embedding = target_embedding
        self.encoder = encoder
        self.start_state = STARTS[config.start](config, encoder)
        self.dropout = Dropout(config.dropout)
        self.decoder: Decoder = DECODERS[config.decoder](config, width)
        self.output = nn.Linear(self.decoder.output_dim, size)
        nn.init.xavier_uniform_(self.output.weight)
        nn.init.zeros_(self.output.bias)
        if config.tie != "none":
            self.output.weight = self._output_weight()

    @classmethod
    def for_texts(
        cls, config: SeqToSeqConfig, source_size: int, target_size: int, *, advances: Bool[Tensor, " V"] | None = None
    ) -> "SeqToSeq":
        """A model from texts to texts, for vocabularies of these sizes.

        Raises: UserError, also when tie is "all" and the vocabularies differ in size.
        """
        # The order of construction is the order of random draws; a seed must give the weights that it always gave.
        target = word_vectors(target_size, config.embed)
        source = target if config.tie == "all" else word_vectors(source_size, config.embed)
        if config.tie == "all" and source_size != target_size:
            raise UserError(
                f"tie 'all' needs one vocabulary, got {source_size} source and {target_size} target tokens",
                hint="train a joint tokeniser, or set tie to 'target'",
            )
        return cls(config, RecurrentTextEncoder(config, source), target, advances=advances)

    def encode(self, source: Shaped[Tensor, "B ..."], lengths: Int[Tensor, " B"]) -> Source:
        """Encode the sources up to their lengths: the memory that `start` and `step` take."""
        encoded = encode_source(self.encoder, source, lengths)
        memory = self.decoder.read(encoded.states, encoded.keep)
        return Source(memory, encoded.summary(), self.start_state(encoded), encoded.keep, encoded.axis)

    def start(self, memory: Source) -> Any:
        """The decoder's state before the first word."""
        return self.decoder.start(memory)

    def share(self, memory: Source, size: int) -> Source:
        """The memory for `size` hypotheses per sentence: unchanged, because `step` views rows by sentence."""
        return memory

    def step(self, token: Int[Tensor, " R"], state: Any, memory: Source) -> Step:
        """Read one word per row (BOS first); return the logits of the next, and the attention weights behind it.

        There may be k times as many rows as the memory has: rows k i to k i + k - 1 then attend to row i of the memory.
        """
        # The states of decoders whose attention depends on the source position have this field, others do not.
        if hasattr(state, "position"):
            state = state._replace(position=state.position + self.advances[token])
        features, after, weights = self.decoder.step(self._embed(token), state, memory)
        # A Step's attention is a function, because for other models computing it is extra work. Here it is known.
        attention = None if weights is None else lambda: weights
        return Step(self.output(self.read_out(features)), after, attention)

    def logits(
        self, source: Shaped[Tensor, "B ..."], lengths: Int[Tensor, " B"], target_in: Int[Tensor, "B T"]
    ) -> Float[Tensor, "B T V"]:
        """Logits of every next word, given the words before it (BOS first)."""
        return self.output(self.read_out(self._features(source, lengths, target_in)))

    def loss(self, batch: TextBatch) -> TokenLoss:
        """The loss summed over the real target words; padding is dropped before readout and softmax."""
        return self.loss_of(self._features(batch.source, batch.source_lengths, batch.target_in), batch.target_out)

    def loss_of(self, features: Float[Tensor, "B T F"], target_out: Int[Tensor, "B T"]) -> TokenLoss:
        """The loss of the decoder's features of all steps, summed over the real target words."""
        real = (target_out != PAD).flatten().nonzero().squeeze(1)
        hidden = self.read_out(features.flatten(0, 1).index_select(0, real))
        target = target_out.flatten().index_select(0, real)
        return token_loss(hidden, self.output.weight, self.output.bias, target=target, smoothing=self.config.smoothing)

    def inputs(self, target_in: Int[Tensor, "B T"]) -> tuple[Float[Tensor, "B T E"], Int[Tensor, "B T"]]:
        """What `Decoder.unroll` takes besides the source: the embedded words, and each step's source position."""
        return self._embed(target_in), self.advances[target_in].cumsum(1)

    def read_out(self, features: Float[Tensor, "... F"]) -> Float[Tensor, "... R"]:
        """The softmax's input, of which `output` makes logits."""
        return self.dropout(self.decoder.readout(features))

    def _embed(self, tokens: Int[Tensor, "..."]) -> Float[Tensor, "... E"]:
        return self.dropout(self.target_embedding(tokens))

    def _features(self, source: Tensor, lengths: Tensor, target_in: Tensor) -> Float[Tensor, "B T F"]:
        """The readout's input, for all steps."""
        # Words first, then the source: the order of dropout's random numbers.
        embedded, position = self.inputs(target_in)
        return self.decoder.unroll(embedded, self.encode(source, lengths), position)

    def _output_weight(self) -> nn.Parameter:
        """The target embedding's weight, which the softmax is to share."""
        if self.config.embed != self.decoder.output_dim:
            raise UserError(
                f"tie {self.config.tie!r} needs embed and hidden to be equal, got embed {self.config.embed} and hidden "
                f"{self.decoder.output_dim}",
                hint="set both to the same number, or tie to 'none'",
            )
        return cast(nn.Parameter, self.target_embedding.weight)


def _all_but_begin(size: int) -> Bool[Tensor, " V"]:
    """All tokens advance except BOS, which comes before the word of position 0."""
    return torch.arange(size) != BOS
