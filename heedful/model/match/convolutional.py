"""BCNN and ABCNN: one convolution over two texts, which are compared at every level, with or without attention."""

from collections.abc import Callable, Iterable
from typing import cast

import torch
from jaxtyping import Float, Int
from pydantic import BaseModel, ConfigDict, Field, model_validator
from torch import Tensor, nn
from torch.nn import functional

from heedful.errors import UserError
from heedful.layer.convolution import WideConvolution, sentence_mean, window_mean, windows_kept
from heedful.layer.loss import TokenLoss
from heedful.layer.mutual import (
    EvenPooling,
    MutualPooling,
    Side,
    Weights,
    WordsAlone,
    WordsAndAttention,
    normalised,
    raw,
)
from heedful.layer.nearness import distance
from heedful.model.match.goal import Goal, MatchInput, goal_loss
from heedful.model.names import check_names
from heedful.model.text import WordVectors
from heedful.shapes import keep_from_lengths


class ConvolutionalConfig(BaseModel):
    """Blocks of convolution and pooling over a pair of texts; the default is BCNN, without attention.

    | setting | values |
    |---|---|
    | `input`: what a convolution reads | words; attention (words and, beside them, the other text: ABCNN-1) |
    | `pooling`: how windows become words again | mean; attention (a mean weighted by attention: ABCNN-2) |
    | `weights` of that pooling | normalised; raw |
    | `similarity` of two texts' means, at every level | cosine, euclid, both |

    "normalised" weights have a mean of 1 in each text (the authors' code divides them by their sum); "raw" ones are the
    paper's sums, which grow with the length of the other text.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    input: str = Field(default="words", description="what a convolution reads; attention: of the other text, too")
    pooling: str = Field(default="mean", description="how windows become words again")
    weights: str = Field(default="normalised", description="weights of pooling attention, for each text")
    similarity: str = Field(default="cosine", description="similarity of the two texts' means, at every level")
    embed: int = Field(default=100, ge=1, description="columns of word vectors")
    spread: float = Field(default=1.0, gt=0, description="initial length of word vectors; 1: about unit length")
    kernels: int = Field(default=50, ge=1, description="features of a convolution")
    width: int = Field(default=4, ge=1, description="words in a window")
    blocks: int = Field(default=2, ge=1, description="blocks of convolution and pooling")
    dropout: float = Field(default=0.2, ge=0, lt=1, description="of the entries of word vectors")
    word_dropout: float = Field(default=0.0, ge=0, lt=1, description="rate at which words are replaced by <unk>")
    max_length: int = Field(default=60, ge=1, description="words of a text that are read")

    @classmethod
    def choices(cls) -> dict[str, Iterable[str]]:
        """The names that settings may have."""
        return {"input": INPUTS, "pooling": POOLINGS, "weights": WEIGHTS, "similarity": SIMILARITIES}

    @model_validator(mode="after")
    def _names_are_known(self) -> "ConvolutionalConfig":
        check_names(self)
        return self

    @property
    def longest(self) -> int:
        """The largest number of words of a text."""
        return self.max_length


class Block(nn.Module):
    """One level: the convolution's input, the convolution and the pooling, shared by both texts."""

    def __init__(self, config: ConvolutionalConfig, input_dim: int) -> None:
        super().__init__()
        self.input = INPUTS[config.input](input_dim, config.max_length)
        self.convolution = WideConvolution(self.input.output_dim, config.kernels, config.width)
        self.pooling = POOLINGS[config.pooling](WEIGHTS[config.weights])

    def forward(self, left: Side, right: Side) -> tuple[tuple[Side, Tensor], tuple[Side, Tensor]]:
        """Both texts one level up, as long as before, each with the mean of its windows, ``[B, K]``."""
        left, right = self.input(left, right)
        windows = self._windows(left), self._windows(right)
        weights = self.pooling(*windows)
        return self._up(left, windows[0], weights[0]), self._up(right, windows[1], weights[1])

    def _windows(self, side: Side) -> Side:
        return Side(self.convolution(side.words, side.keep), windows_kept(side.keep, self.convolution.width))

    def _up(self, side: Side, windows: Side, weight: Tensor | None) -> tuple[Side, Tensor]:
        words = window_mean(windows.words, self.convolution.width, weight)
        return Side(words, side.keep), sentence_mean(windows.words, windows.keep, weight)


class ConvolutionalMatch(nn.Module):
    """BCNN and the three ABCNNs: logistic regression on the similarity of two texts at every level.

    A text's ids are padded at the end; a pair depends neither on other pairs nor on padding. Swapping the texts does
    not change the outputs, if it does not change the features. The word vectors are level 0.
    Parameters: ``vectors`` (`WordVectors`), ``blocks`` (attentions are ``blocks.N.input.left`` and so on), ``output``
    (Linear).
    Raises: UserError, for a text of more than `max_length` words, if attention needs a weight for each position.
    Source: Yin et al. 2016 (arXiv:1512.05193).
    """

    def __init__(self, config: ConvolutionalConfig, vocabulary: int, goal: Goal, *, features: int = 0) -> None:
        super().__init__()
        self.config, self.goal = config, goal
        rates = {"dropout": config.dropout, "word_dropout": config.word_dropout}
        self.vectors = WordVectors(vocabulary, config.embed, **rates)
        widths = [config.embed, *(config.kernels for _ in range(config.blocks - 1))]
        self.blocks = nn.ModuleList(Block(config, width) for width in widths)
        self.similarity = SIMILARITIES[config.similarity]
        example = torch.zeros(1, 1)
        levels = (config.blocks + 1) * self.similarity(example, example).shape[-1]
        self.output = nn.Linear(levels + features, goal.outputs)
        # Scaled, not drawn at another size: a seed gives the same directions for every value of `spread`.
        with torch.no_grad():
            self.vectors.embedding.weight.mul_(config.spread)
        nn.init.zeros_(self.output.weight)
        nn.init.zeros_(self.output.bias)

    def forward(self, batch: MatchInput) -> Float[Tensor, "B K"]:
        """The outputs of every pair; the goal defines what they mean."""
        left, right = self._read(batch.left, batch.left_lengths), self._read(batch.right, batch.right_lengths)
        similarities = [self.similarity(sentence_mean(*left), sentence_mean(*right))]
        for block in cast(Iterable[Block], self.blocks):
            (left, left_mean), (right, right_mean) = block(left, right)
            similarities.append(self.similarity(left_mean, right_mean))
        return self.output(torch.cat([*similarities, batch.features.to(similarities[0].dtype)], dim=-1))

    def loss(self, batch: MatchInput) -> TokenLoss:
        """The loss summed over the pairs that have a label."""
        return goal_loss(self.goal, self(batch), batch.labels)

    def _read(self, ids: Int[Tensor, "B S"], lengths: Int[Tensor, " B"]) -> Side:
        if self.config.input != "words" and ids.shape[1] > self.config.max_length:
            raise UserError(
                f"a text of {ids.shape[1]} words is too long for the {self.config.max_length} positions that this "
                "model has weights for",
                hint="shorten it, or train with a larger max_length",
            )
        return Side(self.vectors(ids), keep_from_lengths(lengths, ids.shape[1]))


def cosine(left: Float[Tensor, "B D"], right: Float[Tensor, "B D"]) -> Float[Tensor, "B 1"]:
    """The cosine of the angle between two texts' means; 0 if one of them is zero."""
    return functional.cosine_similarity(left, right, dim=-1).unsqueeze(-1)


def euclid(left: Float[Tensor, "B D"], right: Float[Tensor, "B D"]) -> Float[Tensor, "B 1"]:
    """``1 / (1 + |x - y|)`` of two texts' means."""
    return (1.0 / (1.0 + distance(left, right))).unsqueeze(-1)


def both(left: Float[Tensor, "B D"], right: Float[Tensor, "B D"]) -> Float[Tensor, "B 2"]:
    """The cosine and ``1 / (1 + |x - y|)``."""
    return torch.cat([cosine(left, right), euclid(left, right)], dim=-1)


INPUTS: dict[str, type[WordsAlone] | type[WordsAndAttention]] = {"words": WordsAlone, "attention": WordsAndAttention}
POOLINGS: dict[str, type[EvenPooling] | type[MutualPooling]] = {"mean": EvenPooling, "attention": MutualPooling}
WEIGHTS: dict[str, Weights] = {"normalised": normalised, "raw": raw}
SIMILARITIES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {"cosine": cosine, "euclid": euclid, "both": both}

PRESETS: dict[str, ConvolutionalConfig] = {
    "bcnn": ConvolutionalConfig(),
    "abcnn1": ConvolutionalConfig(input="attention"),
    "abcnn2": ConvolutionalConfig(pooling="attention"),
    "abcnn3": ConvolutionalConfig(input="attention", pooling="attention"),
}
"""The paper's four models by name."""
