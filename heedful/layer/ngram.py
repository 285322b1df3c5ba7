"""Features of n-grams: convolutions of several widths over the words of a text."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional

from heedful.attention.memory import zero_unseen
from heedful.shapes import ShapeError, check_width


class NGrams(nn.Module):
    """``ReLU(W_k x_{window} + b_k)`` around every word, for each width k: words, pairs, triples and so on.

    The window of width k at word t covers words ``t - (k-1)//2`` to ``t + k//2``. The text is padded with zeros at both
    ends, so that a text shorter than a window has features too. There is one vector per word, with the features of all
    widths concatenated, and zeros on padding.
    Parameters: ``convolutions`` (one Conv1d per width, ``output_dim / len(widths)`` maps each).
    Raises: ShapeError, when there is no width, or a width below 1.
    Source: Kim 2014, section 2 (arXiv:1408.5882), whose windows reach k - 1 words beyond both ends.
    """

    def __init__(self, input_dim: int, maps: int, widths: tuple[int, ...] = (3, 4, 5)) -> None:
        super().__init__()
        if not widths or min(widths) < 1:
            raise ShapeError(f"NGrams got widths {list(widths)}, expected at least one, each 1 or more.")
        self.input_dim, self.output_dim, self.widths = input_dim, maps * len(widths), widths
        self.convolutions = nn.ModuleList(nn.Conv1d(input_dim, maps, width) for width in widths)
        for convolution in self.convolutions.children():
            assert isinstance(convolution, nn.Conv1d)
            assert convolution.bias is not None
            nn.init.kaiming_uniform_(convolution.weight, nonlinearity="relu")
            nn.init.zeros_(convolution.bias)

    def forward(self, vectors: Float[Tensor, "B S I"], keep: Bool[Tensor, "B S"]) -> Float[Tensor, "B S D"]:
        """The features around every word."""
        check_width("vectors", vectors, self.input_dim, owner="NGrams")
        columns = zero_unseen(vectors, keep).transpose(1, 2)
        features = [
            # The padding of torch is the same on both sides, which an even width does not allow.
            convolution(functional.pad(columns, ((width - 1) // 2, width // 2)))
            for convolution, width in zip(self.convolutions, self.widths, strict=True)
        ]
        return zero_unseen(torch.relu(torch.cat(features, dim=1)).transpose(1, 2), keep)
