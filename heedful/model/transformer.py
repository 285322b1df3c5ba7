"""The Transformer: encoder and decoder made of attention alone, trained all at once and run one step at a time."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import NamedTuple, Protocol, cast

from jaxtyping import Bool, Float, Int
from pydantic import BaseModel, ConfigDict, Field, model_validator
from torch import Tensor, nn

from heedful.attention import Memory
from heedful.errors import UserError
from heedful.layer.block import DecoderLayer, EncoderLayer, Shape
from heedful.layer.branched_block import BranchedDecoderLayer, BranchedEncoderLayer
from heedful.layer.dropout import Dropout
from heedful.layer.embedding import TokenEmbedding
from heedful.layer.loss import TextBatch, TokenLoss, token_loss
from heedful.layer.position import Learned, Rotary, Sinusoidal, Unplaced, waves_at
from heedful.layer.precision import for_products
from heedful.layer.residual import PostNorm, PreNorm
from heedful.layer.step import Step
from heedful.model.attention_config import known
from heedful.shapes import PAD, keep_from_lengths

TIES: tuple[str, ...] = ("all", "target", "none")


def check_heads(width: int, heads: int, position: str) -> None:
    """Checks that columns part evenly among heads, and each head's into pairs where positions turn them.

    Raises: UserError, with the numbers that do not fit.
    """
    if width % heads:
        raise UserError(f"width {width} is no multiple of heads {heads}", hint="choose others")
    if position == "rotary" and width // heads % 2:
        raise UserError(
            f"position 'rotary' turns pairs of columns, but {width} columns in {heads} heads make {width // heads} "
            "each",
            hint="choose an even number of columns a head",
        )


class EncoderDecoderConfig(BaseModel):
    """What all Transformers have in common, whatever their layers are; a model's own settings are made of it.

    `norm` says where the layers normalise (pre, post), `position` how they know order (sinusoidal, learned, rotary,
    none), `tie` which word matrices are one (all: source, target and output; target: target and output; none).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    width: int = Field(default=256, ge=1)
    heads: int = Field(default=4, ge=1)
    encoder_layers: int = Field(default=3, ge=1)
    decoder_layers: int = Field(default=3, ge=1)
    feedforward: int = Field(default=1024, ge=1)
    dropout: float = Field(default=0.2, ge=0, lt=1)
    norm: str = "pre"
    position: str = "sinusoidal"
    tie: str = "all"
    smoothing: float = Field(default=0.1, ge=0, lt=1)
    max_length: int = Field(default=512, ge=1, description="how many positions are learned; others have no end")

    @model_validator(mode="after")
    def _names_are_known(self) -> "EncoderDecoderConfig":
        for what, names in (("norm", NORMS), ("position", POSITIONS), ("tie", dict.fromkeys(TIES))):
            known(getattr(self, what), names, what=what)
        return self

    @model_validator(mode="after")
    def _heads_fit_the_width(self) -> "EncoderDecoderConfig":
        check_heads(self.width, self.heads, self.position)
        return self

    @property
    def longest_source(self) -> int | None:
        """How many source tokens can be read, EOS included; None for no end."""
        return self.max_length if self.position == "learned" else None

    @property
    def longest_target(self) -> int | None:
        """How many target tokens can be said, EOS or BOS included; None for no end."""
        return self.longest_source


class TransformerConfig(EncoderDecoderConfig):
    """A Transformer of 256 columns and 3 + 3 layers; the paper's base model is 512 wide, 8 heads, 6 + 6, 2048."""


class Placed(Protocol):
    """What positions have to know of a model: columns, heads, and how many positions can be learned."""

    @property
    def width(self) -> int: ...
    @property
    def heads(self) -> int: ...
    @property
    def max_length(self) -> int: ...


class Places(NamedTuple):
    """How one model knows order: what is added to its words, and how its self-attentions turn (or None)."""

    added: Callable[[], nn.Module]
    rotate: Rotary | None


Norm = type[PreNorm] | type[PostNorm]

NORMS: dict[str, Norm] = {"pre": PreNorm, "post": PostNorm}

POSITIONS: dict[str, Callable[[Placed], Places]] = {
    "sinusoidal": lambda config: Places(Sinusoidal, None),
    "learned": lambda config: Places(lambda: Learned(config.max_length, config.width), None),
    "rotary": lambda config: Places(Unplaced, Rotary(config.width // config.heads)),
    "none": lambda config: Places(Unplaced, None),
}


class Layers(NamedTuple):
    """What a Transformer stacks: from a shape, its norm and a rotation to a layer."""

    encoder: Callable[[Shape, Norm, Rotary | None], EncoderLayer | BranchedEncoderLayer]
    decoder: Callable[[Shape, Norm, Rotary | None], DecoderLayer | BranchedDecoderLayer]


PLAIN = Layers(EncoderLayer, DecoderLayer)
"""Attention and feed-forward layer, one after the other."""


class TransformerState(NamedTuple):
    """How many words were said, each layer's memory of them ``[B, H, t, d]``, and the next source word ``[B]``."""

    position: int
    heard: tuple[Memory | None, ...]
    place: Tensor | None = None


class Transformer(nn.Module):
    """Encoder and decoder of attention and feed-forward layers, or of others that `layers` makes.

    Sources and targets are token ids, padded at the end with PAD; a row does not depend on the others, nor on
    padding. `step` and `logits` agree. Keys have no bias, the output neither.
    Parameters: ``source_embedding``, ``target_embedding``, ``encoder`` and ``decoder`` (layers; attentions are
    ``encoder.N.self``, ``decoder.N.self``, ``decoder.N.source``), ``output`` (Linear).
    `source_words` makes source ids into vectors ``width`` wide, entries of order 1, in place of a table of vectors.
    `moving` says of which target tokens as many have been said as source words: words of the target are then also told
    the place of the source word that is next, by waves like those of positions.
    Raises: UserError, when all word matrices are to be one and the vocabularies differ in size.
    Source: Vaswani et al. 2017 (arXiv:1706.03762).
    """

    moving: Tensor | None

    def __init__(
        self,
        config: EncoderDecoderConfig,
        source_size: int,
        target_size: int,
        *,
        layers: Layers = PLAIN,
        source_words: nn.Module | None = None,
        moving: Bool[Tensor, " V"] | None = None,
    ) -> None:
        super().__init__()
        self.register_buffer("moving", moving, persistent=False)
        self.config = config
        places = POSITIONS[config.position](config)
        norm = NORMS[config.norm]
        shape = Shape(config.width, config.heads, config.feedforward, config.dropout)
        self.target_embedding = TokenEmbedding(target_size, config.width)
        self.source_embedding = source_words or self._source_embedding(source_size)
        self.source_position, self.target_position = places.added(), places.added()
        self.dropout = Dropout(config.dropout)
        self.encoder = nn.ModuleList(layers.encoder(shape, norm, places.rotate) for _ in range(config.encoder_layers))
        self.encoder_end = norm.end(config.width)
        self.decoder = nn.ModuleList(layers.decoder(shape, norm, places.rotate) for _ in range(config.decoder_layers))
        self.decoder_end = norm.end(config.width)
        self.output = nn.Linear(config.width, target_size, bias=False)
        nn.init.normal_(self.output.weight, std=config.width**-0.5)
        if config.tie != "none":
            self.output.weight = self.target_embedding.weight

    def encode(self, source: Int[Tensor, "B S"], lengths: Int[Tensor, " B"]) -> tuple[Memory, ...]:
        """Read the sources: for each decoder layer what it can look at, projected once."""
        keep = keep_from_lengths(lengths, source.shape[1])
        stream = self.dropout(self.source_position(self.source_embedding(source)))
        for layer in self.encoder:
            stream = layer(stream, keep)
        words = for_products(self.encoder_end(stream))
        return tuple(layer.source.project(words, keep=keep) for layer in self._decoder_layers)

    def start(self, memory: tuple[Memory, ...]) -> TransformerState:
        """Nothing said yet."""
        return TransformerState(0, (None,) * len(memory))

    def share(self, memory: tuple[Memory, ...], size: int) -> tuple[Memory, ...]:
        """The memory for `size` rows of each sentence: itself, for `step` lines rows up with it.

        Laid out head by head, as the products of every step want it; they would copy it each time.
        """
        return tuple(replace(one, key=one.key.contiguous(), value=one.value.contiguous()) for one in memory)

    def step(self, token: Int[Tensor, " R"], state: TransformerState, memory: tuple[Memory, ...]) -> Step:
        """Say one word (BOS first); hear the logits of the next, and where the last layer looked for it.

        Rows may be a multiple of the memory's: k rows in a run then look at one sentence, which is asked once with
        k queries.
        """
        sentences = memory[0].key.shape[0]
        stream = self.target_position(self.target_embedding(token).unsqueeze(1), state.position)
        place = self._moved(token, state.place)
        stream = self.dropout(self._placed(stream, None if place is None else place.unsqueeze(1)))
        heard: list[Memory] = []
        attention = None
        for layer, past, source in zip(self._decoder_layers, state.heard, memory, strict=True):
            stream, words = layer.hear(stream, past, state.position)
            heard.append(words)
            stream = stream.view(sentences, -1, stream.shape[-1])
            if len(heard) == len(memory):
                attention = layer.looked(stream, source).flatten(0, 1)
            stream = layer.look(stream, source).view(token.shape[0], 1, -1)
        logits = self.output(for_products(self.decoder_end(stream.squeeze(1))))
        return Step(logits, TransformerState(state.position + 1, tuple(heard), place), attention)

    def logits(
        self, source: Int[Tensor, "B S"], lengths: Int[Tensor, " B"], target_in: Int[Tensor, "B T"]
    ) -> Float[Tensor, "B T V"]:
        """Logits of every next word, the words before it given (BOS first)."""
        return self.output(self.decoder_end(self._decode(target_in, self.encode(source, lengths))))

    def loss(self, batch: TextBatch) -> TokenLoss:
        """The loss summed over the real target words; no logits are made of padding."""
        stream = self._decode(batch.target_in, self.encode(batch.source, batch.source_lengths))
        real = (batch.target_out != PAD).flatten().nonzero().squeeze(1)
        hidden = self.decoder_end(stream.flatten(0, 1).index_select(0, real))
        target = batch.target_out.flatten().index_select(0, real)
        return token_loss(hidden, self.output.weight, None, target=target, smoothing=self.config.smoothing)

    @property
    def _decoder_layers(self) -> Iterable[DecoderLayer | BranchedDecoderLayer]:
        return cast(Iterable[DecoderLayer | BranchedDecoderLayer], self.decoder)

    def _decode(self, target_in: Tensor, memory: tuple[Memory, ...]) -> Float[Tensor, "B T D"]:
        """The decoder's stream, before its end."""
        stream = self.target_position(self.target_embedding(target_in))
        stream = self.dropout(self._placed(stream, None if self.moving is None else self.moving[target_in].cumsum(1)))
        for layer, source in zip(self._decoder_layers, memory, strict=True):
            stream = layer(stream, source)
        return stream

    def _moved(self, token: Int[Tensor, " R"], place: Tensor | None) -> Int[Tensor, " R"] | None:
        """The next source word after a token, where that counts."""
        if self.moving is None:
            return None
        moved = self.moving[token].long()
        return moved if place is None else place + moved

    def _placed(self, stream: Float[Tensor, "B T D"], place: Tensor | None) -> Float[Tensor, "B T D"]:
        """The stream with the place of the next source word added."""
        return stream if place is None else stream + waves_at(place, stream.shape[-1]).to(stream.dtype)

    def _source_embedding(self, size: int) -> TokenEmbedding:
        """The source's own word vectors, or the target's where all are one."""
        if self.config.tie != "all":
            return TokenEmbedding(size, self.config.width)
        target_size = self.target_embedding.weight.shape[0]
        if size != target_size:
            raise UserError(
                f"tie 'all' needs one vocabulary, got {size} source and {target_size} target tokens",
                hint="train a joint tokeniser, or set tie to 'target'",
            )
        return self.target_embedding
