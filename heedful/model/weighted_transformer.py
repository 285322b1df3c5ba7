"""The Weighted Transformer: branched attention in place of attention and feed-forward layer."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pydantic import Field, model_validator

from heedful.errors import UserError
from heedful.layer.block import DecoderLayer, EncoderLayer, LayerSizes
from heedful.layer.branched import BranchedAttention
from heedful.layer.feedforward import FeedForward
from heedful.model.transformer import EncoderDecoderConfig, Layers, Norm, Transformer
from heedful.structure import MultiHead
from heedful.structure.multihead import Rotation


class WeightedTransformerConfig(EncoderDecoderConfig):
    """A Weighted Transformer of 256 columns, 4 branches and 3 + 3 layers; the paper's base has 512, 8 and 6 + 6.

    `heads` is the number of branches. `branched` names the decoder's attentions that have branches: "source" (the
    default), "self", or "both", which then have half the feed-forward columns each. The paper does not say which. In
    the Transformer the feed-forward layer follows the attention to the source. "source" therefore replaces the same
    two sublayers as in the encoder, and leaves the self-attention unchanged.

    In the paper a branch's feed-forward layer reads only its head's output: neither the query's word nor a residual
    connection around the layer is there. `branch_sees_word` adds the word to its input, and `branch_residual` adds the
    residual connection. With both, one branch equals the Transformer's layer except for the second norm (ours).

    Kappa and alpha have the paper's learning rate times `branch_rate`. It rises for `branch_warmup` steps, and is 0
    from the fraction `branch_until` of training on, if the number of steps is known beforehand.
    """

    branched: str = Field(default="source", description="the decoder's attentions that have branches")
    branch_sees_word: bool = Field(default=False, description="a branch also reads the word that attends")
    branch_residual: bool = Field(default=False, description="a residual connection around a branch's layer")
    branch_rate: float = Field(default=1.0, ge=0, description="learning rate of kappa and alpha, times the paper's")
    branch_warmup: int = Field(default=400, ge=1, description="steps of warmup of that rate")
    branch_until: float = Field(default=0.9, ge=0, le=1, description="fraction of training after which that rate is 0")

    @classmethod
    def choices(cls) -> dict[str, Iterable[str]]:
        """The names that settings may have."""
        return super().choices() | {"branched": DECODERS}

    @model_validator(mode="after")
    def _branches_are_known_and_even(self) -> "WeightedTransformerConfig":
        if self.feedforward % (pieces := self.heads * (2 if self.branched == "both" else 1)):
            raise UserError(
                f"feedforward {self.feedforward} is no multiple of {pieces}, the branches that share it",
                hint="change feedforward or heads",
            )
        return self


@dataclass(frozen=True)
class BranchPace:
    """The learning rate of kappa and alpha: ``scale (d / N)^-.5 min(step^-.5, step warmup^-1.5)``.

    N is the number of layers of the stack. The rate is 0 from the fraction `until` of all steps on, if
    their number is known.
    Source: Ahmed et al. 2017, section 3.3 (arXiv:1711.02132); the default of `until` is ours.
    """

    width: int
    layers: int
    scale: float
    warmup: int
    until: float

    def __call__(self, step: int, total: int | None) -> float:
        if total is not None and step >= self.until * total:
            return 0.0
        # The paper counts steps from 1, the caller from 0.
        count = step + 1
        return self.scale * (self.width / self.layers) ** -0.5 * min(count**-0.5, count * self.warmup**-1.5)


Pair = tuple[MultiHead | BranchedAttention, MultiHead | BranchedAttention]
Branching = Callable[[LayerSizes, MultiHead], BranchedAttention]


def weighted_transformer(config: WeightedTransformerConfig, source_size: int, target_size: int) -> Transformer:
    """A Transformer whose layers are branched.

    Attentions are ``encoder.N.self.weighted``, ``decoder.N.source.weighted`` and so on. ``kappa`` is a parameter of
    that module and ``alpha`` one of the module that contains it.
    Source: Ahmed et al. 2017 (arXiv:1711.02132).
    """
    return Transformer.for_texts(config, source_size, target_size, layers=branched_layers(config))


def branched_layers(config: WeightedTransformerConfig) -> Layers:
    """The layers of a Weighted Transformer, for an encoder of texts and for a decoder over any encoder.

    They have no separate feed-forward layer: it is divided among the branches.
    """
    in_encoder, in_decoder = (_branching(config, layers) for layers in (config.encoder_layers, config.decoder_layers))

    def encoder_layer(sizes: LayerSizes, norm: Norm, rotate: Rotation | None) -> EncoderLayer:
        return EncoderLayer(in_encoder(sizes, sizes.self_heads(rotate)), None, sizes, residual=norm)

    def decoder_layer(sizes: LayerSizes, norm: Norm, rotate: Rotation | None) -> DecoderLayer:
        attention, source = DECODERS[config.branched](sizes, in_decoder, rotate)
        return DecoderLayer(attention, source, None, sizes=sizes, residual=norm)

    return Layers(encoder_layer, decoder_layer)


def _branching(config: WeightedTransformerConfig, layers: int) -> Branching:
    """Builds the branched attentions of a stack, each with all feed-forward columns of its sizes."""
    pace = BranchPace(config.width, layers, config.branch_rate, config.branch_warmup, config.branch_until)

    def branched(sizes: LayerSizes, heads: MultiHead) -> BranchedAttention:
        feedforward = FeedForward(sizes.width, sizes.feedforward, sizes.dropout)
        sees_query, residual = config.branch_sees_word, config.branch_residual
        return BranchedAttention(heads, feedforward, pace, sees_query=sees_query, residual=residual)

    return branched


def _source(sizes: LayerSizes, branched: Branching, rotate: Rotation | None) -> Pair:
    return sizes.self_heads(rotate), branched(sizes, sizes.source_heads())


def _self(sizes: LayerSizes, branched: Branching, rotate: Rotation | None) -> Pair:
    return branched(sizes, sizes.self_heads(rotate)), sizes.source_heads()


def _both(sizes: LayerSizes, branched: Branching, rotate: Rotation | None) -> Pair:
    half = sizes._replace(feedforward=sizes.feedforward // 2)
    return branched(half, half.self_heads(rotate)), branched(half, half.source_heads())


DECODERS: dict[str, Callable[[LayerSizes, Branching, Rotation | None], Pair]] = {
    "source": _source,
    "self": _self,
    "both": _both,
}
"""Which attentions of the decoder are branched: each builds its self-attention and its attention to the source."""
