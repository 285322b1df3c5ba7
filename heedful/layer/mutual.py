"""What two texts make of each other: the attention of ABCNN, in what a convolution reads and in how it is pooled."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from heedful.kernel import upcast
from heedful.layer.nearness import nearness_attention


class Side(NamedTuple):
    """One text of each pair: its words' vectors ``[B, S, D]``, and which of them are real."""

    words: Tensor
    keep: Tensor


class WordsAlone(nn.Module):
    """A convolution's input in BCNN: the words."""

    def __init__(self, input_dim: int, max_length: int) -> None:
        super().__init__()
        self.output_dim = input_dim

    def forward(self, left: Side, right: Side) -> tuple[Side, Side]:
        """Both sides as they are."""
        return left, right


class WordsAndAttention(nn.Module):
    """A convolution's input in ABCNN-1: the words, and beside them what attention makes of the other text's.

    ``F_0,a = W_0 A^T`` and ``F_1,a = W_1 A``, where A_ij is how near word i of the left is to word j of the right, and
    column j of W belongs to the j-th place of a text. In a heedful attention W is the value of the words that are
    looked at. One W serves both sides, as in the authors' code, so that swapping the texts swaps the features.
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
        """Each side with its attention feature map below its words."""
        maps = (
            self.left(left.words, right.words, self._value(right), keep=right.keep),
            self.right(right.words, left.words, self._value(left), keep=left.keep),
        )
        return _beside(left, maps[0]), _beside(right, maps[1])

    def _value(self, side: Side) -> Float[Tensor, "1 S D"]:
        """The weights of a text's places."""
        return self.weight[: side.words.shape[1]].to(side.words.dtype).unsqueeze(0)


def _beside(side: Side, feature: Tensor) -> Side:
    """A side with its feature map as a second channel, zero on padding."""
    feature = torch.where(side.keep.unsqueeze(-1), feature.to(side.words.dtype), 0.0)
    return Side(torch.cat([side.words, feature], dim=-1), side.keep)


class EvenPooling(nn.Module):
    """Pooling of BCNN: every window counts alike."""

    def __init__(self, weights: "Weights") -> None:
        super().__init__()

    def forward(self, left: Side, right: Side) -> tuple[Tensor | None, Tensor | None]:
        """No weights."""
        return None, None


class MutualPooling(nn.Module):
    """Pooling of ABCNN-2: a window counts by how near it is to all windows of the other text together.

    ``a_0,j = sum_i A_ji`` and ``a_1,j = sum_i A_ij`` over the windows that the convolution made of both texts: a
    heedful attention whose values are 1. Attentions: ``left`` and ``right``, as in `WordsAndAttention`.
    Source: Yin et al. 2016, section 4.2 (arXiv:1512.05193).
    """

    def __init__(self, weights: "Weights") -> None:
        super().__init__()
        self.weights = weights
        self.left, self.right = nearness_attention(), nearness_attention()

    def forward(self, left: Side, right: Side) -> tuple[Tensor | None, Tensor | None]:
        """The weights of both texts' windows, ``[B, W]`` each."""
        sums = (
            self.left(left.words, right.words, _ones(right), keep=right.keep),
            self.right(right.words, left.words, _ones(left), keep=left.keep),
        )
        return self.weights(sums[0].squeeze(-1), left.keep), self.weights(sums[1].squeeze(-1), right.keep)


def _ones(side: Side) -> Float[Tensor, "1 W 1"]:
    """A value of 1 for every window: its attention is the sum of its weights, in at least float32."""
    return torch.ones(1, side.words.shape[1], 1, dtype=upcast(side.words).dtype, device=side.words.device)


def normalised(sums: Float[Tensor, "B W"], keep: Bool[Tensor, "B W"]) -> Float[Tensor, "B W"]:
    """Weights with a mean of 1 over a text's own windows: the sums divided by their mean.

    The authors' code divides by their sum; that is the same but for the text's length, by which features would shrink.
    """
    sums = torch.where(keep, sums, 0.0)
    return sums * keep.sum(-1, keepdim=True) / sums.sum(-1, keepdim=True).clamp_min(torch.finfo(sums.dtype).tiny)


def raw(sums: Float[Tensor, "B W"], keep: Bool[Tensor, "B W"]) -> Float[Tensor, "B W"]:
    """The sums as they are: the paper's weights. Its windows are summed where ours are averaged, a factor of w."""
    return sums


Weights = Callable[[Tensor, Tensor], Tensor]
"""From the sums of A and what is kept to a text's weights."""
