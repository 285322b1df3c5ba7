"""A siamese network: one encoder makes a vector of each text, and only these two vectors are compared."""

import torch
from jaxtyping import Float, Int
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from heedful.layer.loss import TokenLoss
from heedful.model.attention_config import under
from heedful.model.match.goal import Goal, MatchInput, goal_loss
from heedful.model.match.pair_head import PairHead
from heedful.model.text import Level, TextConfig, text_vectors


class SiameseConfig(BaseModel):
    """Two texts through one encoder, which `text` configures; `hidden` is the width of the layer that compares them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: TextConfig = Field(default=TextConfig(), description="the encoder of both texts, with its pooling")
    hidden: int = Field(default=128, ge=1, description="columns of the layer that compares the two vectors")
    dropout: float = Field(default=0.3, ge=0, lt=1, description="rate of dropout of that layer")

    @property
    def attentions(self) -> dict[str, frozenset[str]]:
        """The settings in use of each attention, by the path of its section."""
        return under("text", self.text.attentions)

    @property
    def longest(self) -> int | None:
        """The largest number of words of a text; None: no limit."""
        return self.text.longest


class SiameseMatch(nn.Module):
    """Features ``[u ; v ; |u - v| ; u v]`` of the two texts' vectors, then a hidden layer.

    A pair depends neither on other pairs nor on padding; a text has at least one word. Parameters: ``vectors``,
    ``words`` (`Level`: its attention is ``words.pooling.attention``, called once for each text), ``verdict``.
    Source: Mueller and Thyagarajan 2016 (AAAI); the features of Conneau et al. 2017, section 3.2 (arXiv:1705.02364).
    """

    def __init__(self, config: SiameseConfig, vocabulary: int, goal: Goal, *, features: int = 0) -> None:
        super().__init__()
        self.config, self.goal = config, goal
        self.vectors = text_vectors(config.text, vocabulary)
        self.words = Level(config.text, config.text.embed)
        self.verdict = PairHead(
            4 * self.words.output_dim, config.hidden, goal.outputs, features=features, dropout=config.dropout
        )

    def forward(self, batch: MatchInput) -> Float[Tensor, "B K"]:
        """The outputs of every pair; the goal defines what they mean."""
        left, right = self._read(batch.left, batch.left_lengths), self._read(batch.right, batch.right_lengths)
        pair = torch.cat([left, right, (left - right).abs(), left * right], dim=-1)
        return self.verdict(pair, batch.features)

    def loss(self, batch: MatchInput) -> TokenLoss:
        """The loss summed over the pairs that have a label."""
        return goal_loss(self.goal, self(batch), batch.labels)

    def _read(self, tokens: Int[Tensor, "B S"], lengths: Int[Tensor, " B"]) -> Float[Tensor, "B D"]:
        return self.words(self.vectors(tokens), lengths)
