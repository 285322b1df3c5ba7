"""Word vectors for small training sets: a vector per word plus vectors of its features, with word dropout."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional


class FeatureEmbedding(nn.Module):
    """A word's vector is the sum of a vector of the word and one of each of its features, such as its ending.

    Word i has the features ``features[i]``, numbers from 0, or -1 for none. In training, word i is replaced by word
    ``hidden_as[i]`` with probability ``hiding[i]``, so that the words for unknown ones occur in training. `scale` is
    the typical length of a vector. Random numbers come from torch's generator.
    Parameters: ``own`` [V, D], ``shared`` [F, D]. The tables passed to the constructor are not saved.
    Source: word dropout by frequency after Kiperwasser and Goldberg 2016, section 4 (arXiv:1603.04351).
    """

    features: Tensor
    hidden_as: Tensor
    hiding: Tensor

    def __init__(
        self,
        features: Int[Tensor, "V K"],
        width: int,
        *,
        hidden_as: Int[Tensor, " V"],
        hiding: Float[Tensor, " V"],
        scale: float = 1.0,
    ) -> None:
        super().__init__()
        count = int(features.max()) + 1 if features.numel() else 0
        self.register_buffer("features", features, persistent=False)
        self.register_buffer("hidden_as", hidden_as, persistent=False)
        self.register_buffer("hiding", hiding, persistent=False)
        self.own = nn.Parameter(torch.empty(features.shape[0], width))
        self.shared = nn.Parameter(torch.empty(count, width))
        # A sum of 1 + K independent vectors of `width` entries has the length `scale` with this deviation.
        std = scale * (width * (1 + features.shape[1])) ** -0.5
        nn.init.normal_(self.own, std=std)
        nn.init.normal_(self.shared, std=std)

    def forward(self, words: Int[Tensor, "*shape"]) -> Float[Tensor, "*shape D"]:
        """The vectors of words."""
        if self.training:
            hide = torch.rand(words.shape, device=words.device) < self.hiding[words]
            words = torch.where(hide, self.hidden_as[words], words)
        features = self.features[words]
        # -1, no feature, is no index: it looks up feature 0, whose vector is multiplied by 0.
        shared = functional.embedding(features.clamp_min(0), self.shared) * (features >= 0).unsqueeze(-1)
        return functional.embedding(words, self.own) + shared.sum(-2)
