"""The decoder-only Transformer: a stack of causal layers, trained on all steps at once, decoded step by step."""

from typing import Any, NamedTuple, cast

from jaxtyping import Float, Int
from pydantic import BaseModel, ConfigDict, Field, model_validator
from torch import Tensor, nn

from heedful.attention import Memory
from heedful.layer.block import LayerSizes
from heedful.layer.causal import CausalLayer
from heedful.layer.dropout import Dropout
from heedful.layer.embedding import TokenEmbedding
from heedful.layer.precision import for_products
from heedful.model.attention_config import known
from heedful.model.language.base import LanguageModel, draw_output
from heedful.model.transformer import NORMS, POSITIONS, check_heads


class CausalTransformerConfig(BaseModel):
    """A decoder-only Transformer of 128 columns, 4 heads and 4 layers: 0.8 million parameters.

    `norm` (pre, post) and `position` (rotary, sinusoidal, learned, none) are those of the encoder-decoder. The softmax
    shares the embedding's matrix. `reach` is the number of tokens that a token attends to, itself included (None: all
    before it). With it, memory and time of a step do not grow with the length of the text.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    width: int = Field(default=128, ge=1)
    heads: int = Field(default=4, ge=1)
    layers: int = Field(default=4, ge=1)
    feedforward: int = Field(default=512, ge=1)
    dropout: float = Field(default=0.0, ge=0, lt=1)
    norm: str = "pre"
    position: str = "rotary"
    reach: int | None = Field(default=None, ge=1)
    max_length: int = Field(default=512, ge=1, description="number of learned positions; other kinds have no limit")

    @model_validator(mode="after")
    def _fits(self) -> "CausalTransformerConfig":
        for what, names in (("norm", NORMS), ("position", POSITIONS)):
            known(getattr(self, what), names, what=what)
        check_heads(self.width, self.heads, self.position)
        return self

    @property
    def longest(self) -> int | None:
        """The largest number of tokens of a text; None: no limit."""
        return self.max_length if self.position == "learned" else None


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
        sizes = LayerSizes(config.width, config.heads, config.feedforward, config.dropout)
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
