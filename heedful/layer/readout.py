"""Readouts: the layer between a decoder's state and context and the softmax over words."""

import torch
from jaxtyping import Float
from torch import Tensor, nn


class Maxout(nn.Module):
    """The larger of each pair of linear features: ``t_k = max(tt_2k-1, tt_2k)``, ``tt = U x``.

    Parameters: ``projection`` (Linear, with bias), whose rows 2k and 2k + 1 (from 0) are a pair.
    Source: Goodfellow et al. 2013, section 2 (arXiv:1302.4389); Bahdanau et al. 2015, section A.2.2 (arXiv:1409.0473).
    """

    def __init__(self, input_dim: int, output_dim: int) -> None:
        super().__init__()
        self.projection = nn.Linear(input_dim, 2 * output_dim)
        nn.init.xavier_uniform_(self.projection.weight)
        nn.init.zeros_(self.projection.bias)

    def forward(self, inputs: Float[Tensor, "... I"]) -> Float[Tensor, "... O"]:
        """The maximum of each pair."""
        pairs = self.projection(inputs)
        return torch.maximum(pairs[..., 0::2], pairs[..., 1::2])


class Attentional(nn.Module):
    """The attentional vector ``h~ = tanh(W_c [c; h])``.

    Parameters: ``projection`` (Linear, with bias; the bias is ours).
    Source: Luong et al. 2015, eq. 5 (arXiv:1508.04025).
    """

    def __init__(self, context_dim: int, hidden_dim: int, output_dim: int) -> None:
        super().__init__()
        self.projection = nn.Linear(context_dim + hidden_dim, output_dim)
        nn.init.xavier_uniform_(self.projection.weight)
        nn.init.zeros_(self.projection.bias)

    def forward(self, features: Float[Tensor, "... I"]) -> Float[Tensor, "... O"]:
        """One vector per step, from context and hidden state joined by `beside`."""
        return torch.tanh(self.projection(features))


def beside(*features: Float[Tensor, "..."]) -> Float[Tensor, "... F"]:
    """Concatenated features, in the narrowest of their dtypes."""
    # Under autocast `torch.cat` promotes to the widest dtype, and the product that follows would cast back.
    narrow = min((feature.dtype for feature in features), key=lambda dtype: dtype.itemsize)
    return torch.cat([feature.to(narrow) for feature in features], dim=-1)
