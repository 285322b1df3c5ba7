"""Wide convolutions over words, and means over windows and sentences that exclude padding."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional


class WideConvolution(nn.Module):
    """``p_j = tanh(W c_j + b)`` of every window that overlaps the sentence.

    Each word is in equally many windows. A window holds `width` words, ``c_j = [v_{j-w+1}; ...; v_j]``, with zeros
    beyond both ends of a sentence. A sentence of s words has ``s + w - 1`` windows. Padding is never read, and windows
    of padding alone are zero.
    Parameters: ``weight`` [output, input, w], ``bias`` [output].
    Raises: ValueError, when the width is less than 1.
    Source: Yin et al. 2016, section 3 (arXiv:1512.05193); Kalchbrenner et al. 2014, section 2 (arXiv:1404.2188).
    """

    def __init__(self, input_dim: int, output_dim: int, width: int) -> None:
        super().__init__()
        if width < 1:
            raise ValueError(f"WideConvolution width is {width}, expected the number of words in a window, 1 or more.")
        self.width = width
        self.weight = nn.Parameter(torch.empty(output_dim, input_dim, width))
        self.bias = nn.Parameter(torch.zeros(output_dim))
        nn.init.xavier_uniform_(self.weight)

    def forward(self, words: Float[Tensor, "B S D"], keep: Bool[Tensor, "B S"]) -> Float[Tensor, "B W K"]:
        """All windows, W = S + width - 1 of them; `keep` has each row's words first. See `windows_kept`."""
        # Windows at a sentence's end overlap its padding, which must count as zero, and may hold NaN.
        columns = torch.where(keep.unsqueeze(-1), words, 0.0).transpose(1, 2)
        windows = functional.conv1d(columns, self.weight, self.bias, padding=self.width - 1).transpose(1, 2)
        return torch.where(windows_kept(keep, self.width).unsqueeze(-1), torch.tanh(windows), 0.0)

    def extra_repr(self) -> str:
        """Its sizes, for printing."""
        return f"{self.weight.shape[1]}, {self.weight.shape[0]}, width={self.width}"


def windows_kept(keep: Bool[Tensor, "B S"], width: int) -> Bool[Tensor, "B W"]:
    """Which windows of a wide convolution overlap a row's words, which come first in it; W = S + width - 1."""
    # A row of s words has s + width - 1 windows, which come first, and none if s is 0.
    any_word = keep.any(-1, keepdim=True)
    return torch.cat([any_word.expand(-1, width - 1), keep], dim=-1)


def window_mean(
    windows: Float[Tensor, "B W D"], width: int, weight: Float[Tensor, "B W"] | None = None
) -> Float[Tensor, "B S D"]:
    """The mean of each `width` consecutive windows, which restores the sentence's length S = W - width + 1.

    With `weight` it is the sum of weighted windows, divided by `width`.
    Source: Yin et al. 2016, section 3, w-ap, and section 4.2 (arXiv:1512.05193).
    """
    weighted = windows if weight is None else windows * weight.unsqueeze(-1)
    return functional.avg_pool1d(weighted.transpose(1, 2), width, stride=1).transpose(1, 2)


def sentence_mean(
    vectors: Float[Tensor, "B S D"], keep: Bool[Tensor, "B S"], weight: Float[Tensor, "B S"] | None = None
) -> Float[Tensor, "B D"]:
    """The mean of a row's vectors without padding, zero if it has none; with `weight`, of the weighted vectors.

    Source: Yin et al. 2016, section 3, all-ap (arXiv:1512.05193).
    """
    real = torch.where(keep.unsqueeze(-1), vectors, 0.0)
    # An empty row is divided by 1 instead of 0, and gives zeros.
    share = keep.to(vectors.dtype) / keep.sum(-1, keepdim=True).clamp_min(1).to(vectors.dtype)
    share = share if weight is None else share * torch.where(keep, weight, 0.0)
    return (share.unsqueeze(-2) @ real).squeeze(-2)
