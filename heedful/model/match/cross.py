"""Cross-attention: every word attends to the other text and is compared with the context it gets."""

from collections.abc import Iterable

import torch
from jaxtyping import Float
from pydantic import BaseModel, ConfigDict, Field, field_validator
from torch import Tensor, nn

from heedful.attention.memory import zero_unseen
from heedful.layer.loss import TokenLoss
from heedful.layer.pooling import Max, Mean
from heedful.model.attention_config import AttentionConfig, smallest, under
from heedful.model.encoder import Encoded
from heedful.model.match.goal import Goal, MatchInput, goal_loss
from heedful.model.match.pair_head import PairHead
from heedful.model.names import known
from heedful.model.text import ENCODERS, TextConfig, TextEncoder


class CrossConfig(BaseModel):
    """Attention between two texts: the default is ESIM, with a recurrent layer before and after.

    `text` encodes each text before the attention (its `pooling` is not used). `compare` is the width of a comparison.
    `compose` names the encoder of the comparisons: "words" leaves them unchanged, which together with `text.encoder`
    "words" gives the decomposable attention model.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: TextConfig = Field(default=TextConfig(), description="the encoder of each text; its pooling is not used")
    attention: AttentionConfig = Field(
        default=AttentionConfig(score="dot"), description="attention of each text to the other"
    )
    compare: int = Field(default=128, ge=1, description="columns of a comparison of a word with its context")
    compose: str = Field(default="rnn", description="encoder of the comparisons; words leaves them unchanged")
    hidden: int = Field(default=128, ge=1, description="columns of the hidden layer before the output")
    dropout: float = Field(default=0.3, ge=0, lt=1, description="rate of dropout of the output's hidden layer")

    @classmethod
    def choices(cls) -> dict[str, Iterable[str]]:
        """The names that settings may have."""
        return {"compose": ENCODERS}

    @field_validator("compose")
    @classmethod
    def _known_encoder(cls, name: str) -> str:
        return known(name, ENCODERS, what="encoder")

    @property
    def attentions(self) -> dict[str, frozenset[str]]:
        """The settings in use of each attention, by the path of its section."""
        # The text's own pooling is never built. Its encoder settings also serve `compose`.
        self_attends = "transformer" in (self.text.encoder, self.compose)
        inside = {"attention.self": self.text.attention.self.in_use} if self_attends else {}
        return {"attention": self.attention.in_use, **under("text", inside)}

    @property
    def longest(self) -> int | None:
        """The largest number of words of a text; None: no limit."""
        self_attends = "transformer" in (self.text.encoder, self.compose)
        return smallest(self.attention.longest, self.text.attention.self.longest if self_attends else None)


class CrossMatch(nn.Module):
    """Attend, compare, compose: ``m = [a ; a' ; a - a' ; a a']`` for a word a and its context a' of the other text.

    The comparisons are projected, encoded, and pooled by mean and maximum. A pair depends neither on other pairs nor
    on padding; a text has at least one word.
    Parameters: ``reader``, ``left`` and ``right`` (attentions of each text's words to the other text), ``compare``,
    ``composer``, ``verdict``.
    Source: Chen et al. 2017, eq. 11-18 (arXiv:1609.06038); Parikh et al. 2016 (arXiv:1606.01933).
    """

    def __init__(self, config: CrossConfig, vocabulary: int, goal: Goal, *, features: int = 0) -> None:
        super().__init__()
        self.config, self.goal = config, goal
        self.reader = TextEncoder(config.text, vocabulary)
        width = self.reader.output_dim
        self.left, self.right = (config.attention.build(width, width) for _ in range(2))
        self.compare = nn.Linear(4 * width, config.compare)
        nn.init.xavier_uniform_(self.compare.weight)
        nn.init.zeros_(self.compare.bias)
        self.composer = ENCODERS[config.compose](config.text, config.compare)
        self.mean, self.max = Mean(self.composer.output_dim), Max(self.composer.output_dim)
        pooled = 4 * self.composer.output_dim
        self.verdict = PairHead(pooled, config.hidden, goal.outputs, features=features, dropout=config.dropout)

    def forward(self, batch: MatchInput) -> Float[Tensor, "B K"]:
        """The outputs of every pair; the goal defines what they mean."""
        left = self.reader(batch.left, batch.left_lengths)
        right = self.reader(batch.right, batch.right_lengths)
        left_context = self.left(left.states, right.states, keep=right.keep)
        right_context = self.right(right.states, left.states, keep=left.keep)
        left_vector = self._compose(left, left_context, batch.left_lengths)
        right_vector = self._compose(right, right_context, batch.right_lengths)
        return self.verdict(torch.cat([left_vector, right_vector], dim=-1), batch.features)

    def loss(self, batch: MatchInput) -> TokenLoss:
        """The loss summed over the pairs that have a label."""
        return goal_loss(self.goal, self(batch), batch.labels)

    def _compose(self, encoded: Encoded, context: Tensor, lengths: Tensor) -> Float[Tensor, "B D"]:
        """A text's comparisons as one vector."""
        # Padding is zeroed before the product: a NaN there would reach the gradient of the weight of `compare`.
        words = zero_unseen(encoded.states, encoded.keep)
        context = zero_unseen(context.to(words.dtype), encoded.keep)
        compared = torch.relu(self.compare(torch.cat([words, context, words - context, words * context], dim=-1)))
        composed = self.composer(compared, lengths)
        return torch.cat([self.mean(composed, encoded.keep), self.max(composed, encoded.keep)], dim=-1)
