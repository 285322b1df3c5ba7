"""The attention between two texts of ABCNN, in the input of a convolution and in the pooling after it."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from heedful.kernel import upcast
from heedful.layer.nearness import nearness_attention


class Side(NamedTuple):
    """One text of each pair: its word vectors ``[B, S, D]``, and which of them are real."""

    words: Tensor
    keep: Tensor


class WordsAlone(nn.Module):
    """A convolution's input in BCNN: the words."""

    def __init__(self, input_dim: int, max_length: int) -> None:
        super().__init__()
        self.output_dim = input_dim

    def forward(self, left: Side, right: Side) -> tuple[Side, Side]:
        """Both sides, unchanged."""
        return left, right


class WordsAndAttention(nn.Module):
    """A convolution's input in ABCNN-1: the words, and an attention feature map as a second channel.

    ``F_0,a = W_0 A^T`` and ``F_1,a = W_1 A``, where A_ij is the similarity of word i of the left text and word j of the
    right, and column j of W belongs to position j of a text. As a heedful attention, W holds the values of the words
    that are attended to. Both sides share W, as in the authors' code, so that swapping the texts swaps the features.
    Parameters: ``weight`` [max_length, D], W transposed. Attentions: ``left`` (from the left text to the right: A) and
    ``right`` (A transposed).
    Source: Yin et al. 2016, section 4.1 (arXiv:1512.05193).
    """

    def __init__(self, input_dim: int, max_length: int) -> None:
        super().__init__()
        self.output_dim = 2 * input_dim
        self.weight = nn.Parameter(torch.empty(max_length, input_dim))
        self.left, self.right = nearness_attention(), nearness_attention()
        nn.init.xavier_uniform_(self.weight)

    def forward(self, left: Side, right: Side) -> tuple[Side, Side]:
        """Each side with its attention feature map."""
        left_map = self.left(left.words, right.words, self._value(right), keep=right.keep)
        right_map = self.right(right.words, left.words, self._value(left), keep=left.keep)
        return _beside(left, left_map), _beside(right, right_map)

    def _value(self, side: Side) -> Float[Tensor, "1 S D"]:
        """The rows of W for the positions of a text."""
        return self.weight[: side.words.shape[1]].to(side.words.dtype).unsqueeze(0)


def _beside(side: Side, feature: Tensor) -> Side:
    """A side with its feature map as a second channel, zero on padding."""
    feature = torch.where(side.keep.unsqueeze(-1), feature.to(side.words.dtype), 0.0)
    return Side(torch.cat([side.words, feature], dim=-1), side.keep)


class EvenPooling(nn.Module):
    """Pooling of BCNN: all windows have the same weight."""

    def __init__(self, weights: "Weights") -> None:
        super().__init__()

    def forward(self, left: Side, right: Side) -> tuple[Tensor | None, Tensor | None]:
        """None: the weights are uniform."""
        return None, None


class MutualPooling(nn.Module):
    """Pooling of ABCNN-2: the weight of a window is the sum of its similarities to all windows of the other text.

    ``a_0,j = sum_i A_ji`` and ``a_1,j = sum_i A_ij`` over the convolution's windows of both texts: a heedful attention
    whose values are 1. Attentions: ``left`` and ``right``, as in `WordsAndAttention`.
    Source: Yin et al. 2016, section 4.2 (arXiv:1512.05193).
    """

    def __init__(self, weights: "Weights") -> None:
        super().__init__()
        self.weights = weights
        self.left, self.right = nearness_attention(), nearness_attention()

    def forward(self, left: Side, right: Side) -> tuple[Tensor | None, Tensor | None]:
        """The weights of both texts' windows, ``[B, W]`` each."""
        left_sums = self.left(left.words, right.words, _ones(right), keep=right.keep)
        right_sums = self.right(right.words, left.words, _ones(left), keep=left.keep)
        return self.weights(left_sums.squeeze(-1), left.keep), self.weights(right_sums.squeeze(-1), right.keep)


def _ones(side: Side) -> Float[Tensor, "1 W 1"]:
    """A value of 1 for every window: its attention is the sum of its weights, in at least float32."""
    return torch.ones(1, side.words.shape[1], 1, dtype=upcast(side.words).dtype, device=side.words.device)


def normalised(sums: Float[Tensor, "B W"], keep: Bool[Tensor, "B W"]) -> Float[Tensor, "B W"]:
    """Weights with a mean of 1 over the windows of a text: the sums divided by their mean.

    The authors' code divides by their sum. That would also divide the features by the length of the text.
    """
    sums = torch.where(keep, sums, 0.0)
    # A text without windows has a sum of 0; the smallest positive number avoids 0 / 0.
    return sums * keep.sum(-1, keepdim=True) / sums.sum(-1, keepdim=True).clamp_min(torch.finfo(sums.dtype).tiny)


def raw(sums: Float[Tensor, "B W"], keep: Bool[Tensor, "B W"]) -> Float[Tensor, "B W"]:
    """The sums, unchanged: the paper's weights, except that its pooling sums w windows where ours averages them."""
    return sums


Weights = Callable[[Tensor, Tensor], Tensor]
"""A function from the sums of A and `keep` to the weights of a text's windows."""
