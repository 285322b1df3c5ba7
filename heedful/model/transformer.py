"""The Transformer: an encoder and a decoder of attention layers, trained on all steps at once, decoded step by step."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple, cast

import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor, nn

from heedful.attention import Memory
from heedful.errors import UserError
from heedful.layer.block import DecoderLayer, EncoderLayer, LayerSizes, plain_decoder_layer, plain_encoder_layer
from heedful.layer.dropout import Dropout
from heedful.layer.embedding import TokenEmbedding
from heedful.layer.loss import TextBatch, TokenLoss, token_loss
from heedful.layer.past import needs_position
from heedful.layer.position import Rotary, waves_at
from heedful.layer.precision import for_products
from heedful.layer.step import Step
from heedful.model.encoder import Encoded, check_encoder, encode_source
from heedful.model.transformer_config import NORMS, POSITIONS, EncoderDecoderConfig, Norm, TransformerConfig

__all__ = [
    "NORMS",
    "PLAIN",
    "POSITIONS",
    "EncoderDecoderConfig",
    "Layers",
    "Norm",
    "Transformer",
    "TransformerConfig",
    "TransformerMemory",
    "TransformerState",
    "TransformerTextEncoder",
    "layer_sizes",
]
from heedful.shapes import PAD, keep_from_lengths


class Layers(NamedTuple):
    """The layers that a Transformer stacks, each built from sizes, a norm and a rotation."""

    encoder: Callable[[LayerSizes, Norm, Rotary | None], EncoderLayer]
    decoder: Callable[[LayerSizes, Norm, Rotary | None], DecoderLayer]


PLAIN = Layers(plain_encoder_layer, plain_decoder_layer)
"""Attention followed by a feed-forward layer."""


def layer_sizes(config: EncoderDecoderConfig) -> LayerSizes:
    """The sizes of every layer of a Transformer."""
    attention = config.attention
    return LayerSizes(
        config.width,
        config.heads,
        config.feedforward,
        config.dropout,
        self_attention=attention.self.build,
        source_attention=attention.source.build,
    )


class TransformerTextEncoder(nn.Module):
    """Word vectors, positions and layers of self-attention: the encoder of texts.

    `words` maps ids to vectors ``width`` wide, with entries of order 1. Parameters: ``embedding`` (that module),
    ``position``, layers by number (attentions are ``N.self``), ``end`` (the last norm).
    Source: Vaswani et al. 2017, section 3.1 (arXiv:1706.03762).
    """

    def __init__(
        self,
        config: EncoderDecoderConfig,
        words: nn.Module,
        *,
        position: nn.Module | None = None,
        layer: Callable[[LayerSizes, Norm, Rotary | None], EncoderLayer] = plain_encoder_layer,
    ) -> None:
        super().__init__()
        positions, norm = POSITIONS[config.position](config), NORMS[config.norm]
        self.embedding = words
        self.position = positions.added() if position is None else position
        self.dropout = Dropout(config.dropout)
        # The layers are numbered children of this module, not of a list inside it. The names of attentions, which
        # settings and recordings quote, and of weights in files are therefore "encoder.0.self" and so on.
        self._count = config.encoder_layers
        for number in range(self._count):
            self.add_module(str(number), layer(layer_sizes(config), norm, positions.rotate))
        self.end = norm.end(config.width)
        self.output_dim = config.width

    @property
    def layers(self) -> list[EncoderLayer]:
        """The layers, the lowest first."""
        return [cast(EncoderLayer, self.get_submodule(str(number))) for number in range(self._count)]

    def forward(self, source: Int[Tensor, "B S"], lengths: Int[Tensor, " B"]) -> Encoded:
        """Encode every source up to its length."""
        keep = keep_from_lengths(lengths, source.shape[1])
        stream = self.dropout(self.position(self.embedding(source)))
        for layer in self.layers:
            stream = layer(stream, keep)
        return Encoded(for_products(self.end(stream)), keep)


class TransformerMemory(NamedTuple):
    """The encoded source, for search: its keys and values for each decoder layer, and which positions are real.

    `axis` describes the positions, see `Encoded`.
    """

    layers: tuple[Memory, ...]
    keep: Bool[Tensor, "B S"]
    axis: Any = None


class TransformerState(NamedTuple):
    """The number of words so far, each layer's keys and values of them ``[B, H, t, d]``, and the source position.

    The last is the position ``[B]`` of the next source word; it is None for a model without `advances`.
    """

    position: int
    past: tuple[Memory | None, ...]
    source_position: Tensor | None = None


class Transformer(nn.Module):
    """An encoder and a decoder of attention and feed-forward layers, or of the layers that `layers` builds.

    `encoder` turns a source of any kind into states ``width`` wide (see `heedful.model.encoder`); `for_texts` uses
    `TransformerTextEncoder`. Targets are token ids, padded at the end with PAD. A row depends neither on other rows nor
    on padding. `step` and `logits` agree. Keys and the output have no bias.
    `advances` marks the target tokens that move on to the next source word. Their number so far is then the position
    of the next source word, and a sinusoidal encoding of it is added to the target's word vectors.
    Parameters: ``encoder``, ``target_embedding``, ``decoder`` (layers; attentions are ``decoder.N.self`` and
    ``decoder.N.source``), ``output`` (Linear). For the encoder of texts, files use the names of the first releases:
    ``source_embedding``, ``source_position`` and ``encoder_end``.
    Raises: UserError, when the encoder's states have another width; TypeError, when it has no ``output_dim``.
    Source: Vaswani et al. 2017 (arXiv:1706.03762).
    """

    advances: Tensor | None

    def __init__(
        self,
        config: EncoderDecoderConfig,
        encoder: nn.Module,
        target_embedding: TokenEmbedding,
        *,
        target_position: nn.Module | None = None,
        layers: Layers = PLAIN,
        advances: Bool[Tensor, " V"] | None = None,
    ) -> None:
        super().__init__()
        if check_encoder(encoder) != config.width:
            raise UserError(
                f"the encoder's states are {check_encoder(encoder)} wide, but this Transformer is {config.width} wide",
                hint="end the encoder with a linear layer, or change the width",
            )
        self.register_buffer("advances", advances, persistent=False)
        self.config = config
        positions, norm = POSITIONS[config.position](config), NORMS[config.norm]
        self.target_embedding = target_embedding
        self.target_position = positions.added() if target_position is None else target_position
        self.encoder = encoder
        self.dropout = Dropout(config.dropout)
        sizes = layer_sizes(config)
        self.decoder = nn.ModuleList(
            layers.decoder(sizes, norm, positions.rotate) for _ in range(config.decoder_layers)
        )
        self.decoder_end = norm.end(config.width)
        self.output = nn.Linear(config.width, target_embedding.weight.shape[0], bias=False)
        nn.init.normal_(self.output.weight, std=config.width**-0.5)
        if config.tie != "none":
            self.output.weight = self.target_embedding.weight
        self.register_state_dict_post_hook(_name_as_in_files)
        self.register_load_state_dict_pre_hook(_name_as_in_modules)

    @classmethod
    def for_texts(
        cls,
        config: EncoderDecoderConfig,
        source_size: int,
        target_size: int,
        *,
        layers: Layers = PLAIN,
        advances: Bool[Tensor, " V"] | None = None,
    ) -> "Transformer":
        """A model from texts to texts, for vocabularies of these sizes.

        Raises: UserError, when tie is "all" and the vocabularies differ in size.
        """
        if config.tie == "all" and source_size != target_size:
            raise UserError(
                f"tie 'all' needs one vocabulary, got {source_size} source and {target_size} target tokens",
                hint="train a joint tokeniser, or set tie to 'target'",
            )
        # The order of construction is the order of random draws; a seed must give the weights that it always gave.
        # Therefore the target's positions, which may be learned, are built before the encoder's layers.
        target = TokenEmbedding(target_size, config.width)
        source = target if config.tie == "all" else TokenEmbedding(source_size, config.width)
        added = POSITIONS[config.position](config).added
        source_position, target_position = added(), added()
        encoder = TransformerTextEncoder(config, source, position=source_position, layer=layers.encoder)
        return cls(config, encoder, target, target_position=target_position, layers=layers, advances=advances)

    def encode(self, source: Shaped[Tensor, "B ..."], lengths: Int[Tensor, " B"]) -> TransformerMemory:
        """Encode the sources, and project keys and values for each decoder layer once."""
        encoded = encode_source(self.encoder, source, lengths)
        # Cast once here: a user's encoder may return float32 under autocast, and each layer would cast it again.
        states = for_products(encoded.states)
        layers = tuple(layer.source.project(states, keep=encoded.keep) for layer in self._decoder_layers)
        return TransformerMemory(layers, encoded.keep, encoded.axis)

    def start(self, memory: TransformerMemory) -> TransformerState:
        """The state before the first word."""
        return TransformerState(0, (None,) * len(memory.layers))

    def share(self, memory: TransformerMemory, size: int) -> TransformerMemory:
        """The memory for `size` hypotheses per sentence: not repeated, because `step` views rows by sentence."""
        # Keys and values come as transposed views of [B, S, H, d]. Every step's matrix products would copy them to a
        # contiguous layout, so they are copied once here.
        layers = (replace(layer, key=layer.key.contiguous(), value=layer.value.contiguous()) for layer in memory.layers)
        return memory._replace(layers=tuple(layers))

    def step(self, token: Int[Tensor, " R"], state: TransformerState, memory: TransformerMemory) -> Step:
        """Read one word per row (BOS first); return the next word's logits, and the last layer's attention weights.

        There may be k times as many rows as the memory has: rows k i to k i + k - 1 then attend to row i of the
        memory, as k queries of one attention call.
        """
        sentences = memory.keep.shape[0]
        stream = self.target_position(self.target_embedding(token).unsqueeze(1), state.position)
        source_position = self._next_source_position(token, state.source_position)
        of_step = None if source_position is None else source_position.unsqueeze(1)
        stream = self.dropout(self._add_source_position(stream, of_step))
        at = None
        if self._regions_need_position:
            at = torch.full_like(token, state.position) if source_position is None else source_position
            at = at.view(sentences, -1)
        words: list[Memory] = []
        attention = None
        for layer, past, source in zip(self._decoder_layers, state.past, memory.layers, strict=True):
            stream, all_words = layer.forward_step(stream, past, state.position)
            words.append(all_words)
            stream = stream.view(sentences, -1, stream.shape[-1])
            # Fused attention does not return its weights. They are computed only if the caller calls this.
            attention = partial(_step_weights, layer, stream, source, at)
            stream = layer.cross_attend(stream, source, at).view(token.shape[0], 1, -1)
        logits = self.output(for_products(self.decoder_end(stream.squeeze(1))))
        return Step(logits, TransformerState(state.position + 1, tuple(words), source_position), attention)

    def logits(
        self, source: Shaped[Tensor, "B ..."], lengths: Int[Tensor, " B"], target_in: Int[Tensor, "B T"]
    ) -> Float[Tensor, "B T V"]:
        """Logits of every next word, given the words before it (BOS first)."""
        return self.output(self.decoder_end(self._decode(target_in, self.encode(source, lengths))))

    def loss(self, batch: TextBatch) -> TokenLoss:
        """The loss summed over the real target words."""
        stream = self._decode(batch.target_in, self.encode(batch.source, batch.source_lengths))
        # Padding is dropped before the product with the vocabulary's matrix, the most expensive one of a small model.
        real = (batch.target_out != PAD).flatten().nonzero().squeeze(1)
        hidden = self.decoder_end(stream.flatten(0, 1).index_select(0, real))
        target = batch.target_out.flatten().index_select(0, real)
        return token_loss(hidden, self.output.weight, None, target=target, smoothing=self.config.smoothing)

    @property
    def _decoder_layers(self) -> Iterable[DecoderLayer]:
        return cast(Iterable[DecoderLayer], self.decoder)

    def _decode(self, target_in: Tensor, memory: TransformerMemory) -> Float[Tensor, "B T D"]:
        """The output of the decoder's layers, before the last norm."""
        stream = self.target_position(self.target_embedding(target_in))
        source_position = None if self.advances is None else self.advances[target_in].cumsum(1)
        stream = self.dropout(self._add_source_position(stream, source_position))
        at = None
        if self._regions_need_position:
            steps = torch.arange(target_in.shape[1], device=target_in.device)
            at = steps.expand_as(target_in) if source_position is None else source_position
        for layer, source in zip(self._decoder_layers, memory.layers, strict=True):
            stream = layer(stream, source, at)
        return stream

    @property
    def _regions_need_position(self) -> bool:
        """Whether the attention to the source depends on the source position of a step, as windows do."""
        return any(needs_position(layer.source.attention.region) for layer in self._decoder_layers)

    def _next_source_position(self, token: Int[Tensor, " R"], before: Tensor | None) -> Int[Tensor, " R"] | None:
        """The position of the next source word after `token`; None for a model without `advances`."""
        if self.advances is None:
            return None
        advanced = self.advances[token].long()
        return advanced if before is None else before + advanced

    def _add_source_position(
        self, stream: Float[Tensor, "B T D"], position: Int[Tensor, "B T"] | None
    ) -> Float[Tensor, "B T D"]:
        """Adds the sinusoidal encoding of the next source word's position to the stream."""
        return stream if position is None else stream + waves_at(position, stream.shape[-1]).to(stream.dtype)


def _step_weights(
    layer: DecoderLayer, stream: Float[Tensor, "B T D"], source: Memory, position: Int[Tensor, "B T"] | None
) -> Float[Tensor, "R S"]:
    """A layer's weights over the source in one step, for all rows; as expensive as the attention itself."""
    return layer.cross_weights(stream, source, position).flatten(0, 1)


_IN_FILES = {
    "encoder.embedding.": "source_embedding.",
    "encoder.position.": "source_position.",
    "encoder.end.": "encoder_end.",
}
"""Prefixes of parameters in this module, and those in files, which are the names of the first releases."""


def _name_as_in_files(module: nn.Module, state: dict[str, Any], prefix: str, metadata: dict[str, Any]) -> None:
    """Renames weights for saving, so that older versions can load them."""
    _rename(state, {prefix + inside: prefix + outside for inside, outside in _IN_FILES.items()})


def _name_as_in_modules(module: nn.Module, state: dict[str, Any], prefix: str, *_: Any) -> None:
    """Renames weights of a file back to the names of this module."""
    _rename(state, {prefix + outside: prefix + inside for inside, outside in _IN_FILES.items()})


def _rename(state: dict[str, Any], names: dict[str, str]) -> None:
    # A copy, because entries are renamed on the way.
    for key in list(state):
        prefix = next((prefix for prefix in names if key.startswith(prefix)), None)
        if prefix is not None:
            state[names[prefix] + key.removeprefix(prefix)] = state.pop(key)
