"""The decoder-only Transformer: a stack of causal layers, trained on all steps at once, decoded step by step."""

from collections.abc import Iterable
from typing import Any, NamedTuple, cast

from jaxtyping import Float, Int
from pydantic import BaseModel, ConfigDict, Field, model_validator
from torch import Tensor, nn

from heedful.attention import Memory
from heedful.errors import UserError
from heedful.layer.block import LayerSizes
from heedful.layer.causal import CausalLayer
from heedful.layer.dropout import Dropout
from heedful.layer.embedding import TokenEmbedding
from heedful.layer.precision import for_products
from heedful.model.attention_config import smallest, under
from heedful.model.attention_sections import SHORT_FORM, SelfSections
from heedful.model.language.base import LanguageModel, draw_output
from heedful.model.names import check_names
from heedful.model.transformer_config import NORMS, POSITIONS, check_heads


class CausalTransformerConfig(BaseModel):
    """A decoder-only Transformer of 128 columns, 4 heads and 4 layers: 0.8 million parameters.

    `norm` (pre, post) and `position` (rotary, sinusoidal, learned, none) are those of the encoder-decoder. The softmax
    shares the embedding's matrix. `reach` is the number of tokens that a token attends to, itself included (None: all
    before it). With it, memory and time of a step do not grow with the length of the text.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    attention: SelfSections = Field(default=SelfSections(), description=SHORT_FORM)
    width: int = Field(default=128, ge=1, description="columns of token vectors and layers, a multiple of heads")
    heads: int = Field(default=4, ge=1, description="heads of each attention")
    layers: int = Field(default=4, ge=1, description="number of layers")
    feedforward: int = Field(default=512, ge=1, description="columns inside a feed-forward layer")
    dropout: float = Field(default=0.0, ge=0, lt=1, description="rate of dropout of embeddings and sublayers")
    norm: str = Field(default="pre", description="where layers normalise: before a sublayer or after the sum")
    position: str = Field(default="rotary", description="how the order of tokens enters")
    reach: int | None = Field(
        default=None, ge=1, description="tokens that a token attends to, itself included; null: all before it"
    )
    max_length: int = Field(default=512, ge=1, description="number of learned positions; other kinds have no limit")

    @model_validator(mode="after")
    def _fits(self) -> "CausalTransformerConfig":
        check_names(self)
        check_heads(self.width, self.heads, self.position)
        # Both count positions from the beginning of a text, and with a reach the beginning is forgotten.
        for what, name in (("score", "location"), ("region", "predicted")):
            if self.reach is not None and name in getattr(self.attention.self, what):
                raise UserError(
                    f"attention.self.{what} {name!r} counts positions from the beginning of a text, but with reach "
                    f"{self.reach} a token attends only to the last {self.reach}",
                    hint="set model.reach to null",
                )
        return self

    @classmethod
    def choices(cls) -> dict[str, Iterable[str]]:
        """The names that settings may have."""
        return {"norm": NORMS, "position": POSITIONS}

    @property
    def attentions(self) -> dict[str, frozenset[str]]:
        """The settings in use of each attention, by the path of its section."""
        return under("attention", {"self": self.attention.self.in_use})

    @property
    def longest(self) -> int | None:
        """The largest number of tokens of a text; None: no limit."""
        return smallest(self.max_length if self.position == "learned" else None, self.attention.self.longest)


class CausalState(NamedTuple):
    """The number of tokens so far, and each layer's keys and values of them ``[B, H, t, d]``."""

    position: int
    past: tuple[Memory, ...]


class CausalTransformer(LanguageModel):
    """A stack of causal self-attention and feed-forward layers over one sequence.

    Parameters: ``embedding``, ``layers`` (attentions are ``layers.N.self``), ``end`` (the last norm), ``output``
    (Linear without a bias, tied to the embedding).
    Source: Radford et al. 2018 (Improving Language Understanding by Generative Pre-Training); its layers are those of
    Vaswani et al. 2017 (arXiv:1706.03762), with the norms before them.
    """

    def __init__(self, config: CausalTransformerConfig, size: int) -> None:
        super().__init__()
        self.config = config
        positions = POSITIONS[config.position](config)
        residual = NORMS[config.norm]
        attention = config.attention.self.build
        sizes = LayerSizes(config.width, config.heads, config.feedforward, config.dropout, self_attention=attention)
        self.embedding = TokenEmbedding(size, config.width)
        self.position = positions.added()
        self.dropout = Dropout(config.dropout)
        self.layers = nn.ModuleList(
            CausalLayer(sizes, residual, positions.rotate, reach=config.reach) for _ in range(config.layers)
        )
        self.end = residual.end(config.width)
        self.output = nn.Linear(config.width, size, bias=False)
        # The output's matrix is drawn although the embedding's replaces it: later draws of a seed stay the same.
        draw_output(self.output)
        self.output.weight = self.embedding.weight

    def forward_step(
        self, tokens: Int[Tensor, "B T"], state: CausalState | None
    ) -> tuple[Float[Tensor, "B T D"], CausalState]:
        """The top layer's output for each of the tokens, and the memory of them and all before."""
        position = 0 if state is None else state.position
        stream = self.dropout(self.position(self.embedding(tokens), position))
        memories: list[Memory] = []
        for number, layer in enumerate(self.layers):
            past = None if state is None else state.past[number]
            stream, memory = cast(CausalLayer, layer)(stream, past, position)
            memories.append(memory)
        return stream, CausalState(position + tokens.shape[1], tuple(memories))

    def pre_logits(self, features: Float[Tensor, "... D"]) -> Any:
        """The last norm."""
        return for_products(self.end(features))
