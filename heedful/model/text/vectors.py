"""Words as vectors: looked up, thinned out in training, perhaps begun from vectors learned elsewhere."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from heedful.layer.dropout import Dropout
from heedful.shapes import PAD, UNK, ShapeError, describe


class WordDropout(nn.Module):
    """Takes each word for an unknown one with probability `rate`, in training only; padding stays padding.

    So the unknown word's vector is learned too, and no single word decides.
    Source: Iyyer et al. 2015, section 3.1 (ACL P15-1162), which drops the word; Dai and Le 2015, section 4
    (arXiv:1511.01432).
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        if not 0.0 <= rate < 1.0:
            raise ValueError(f"WordDropout rate is {rate}, expected 0 <= rate < 1: the fraction of words to drop.")
        self.rate = rate

    def forward(self, tokens: Int[Tensor, "*shape"]) -> Int[Tensor, "*shape"]:
        """The tokens, some of them unknown in training."""
        if not self.training or self.rate == 0.0:
            return tokens
        dropped = torch.rand(tokens.shape, device=tokens.device) < self.rate
        return tokens.masked_fill(dropped & (tokens != PAD), UNK)

    def extra_repr(self) -> str:
        return f"{self.rate}"


class WordVectors(nn.Module):
    """The vectors of a text's words; that of padding is zero and stays so.

    Vectors have about unit length, which suits recurrent layers; `dropout` drops numbers, `word_dropout` words.
    Parameters: ``embedding`` (nn.Embedding).
    """

    def __init__(self, size: int, width: int, *, dropout: float = 0.0, word_dropout: float = 0.0) -> None:
        super().__init__()
        self.embedding = nn.Embedding(size, width, padding_idx=PAD)
        nn.init.normal_(self.embedding.weight, std=width**-0.5)
        with torch.no_grad():
            self.embedding.weight[PAD] = 0.0
        self.word_dropout, self.dropout = WordDropout(word_dropout), Dropout(dropout)

    def forward(self, tokens: Int[Tensor, "*shape"]) -> Float[Tensor, "*shape D"]:
        """A vector a word."""
        return self.dropout(self.embedding(self.word_dropout(tokens)))

    @torch.no_grad()
    def start_from(self, vectors: Float[Tensor, "V D"], known: Bool[Tensor, " V"]) -> None:
        """Begin with the vectors of the words that are known; the others keep theirs, and padding its zeros.

        Those drawn here are scaled to the known ones' size, so that no word is louder for being unknown there.
        Raises: ShapeError, when the vectors are not one a word of this vocabulary, or of another width.
        """
        own = self.embedding.weight
        if vectors.shape != own.shape or known.shape[0] != own.shape[0]:
            raise ShapeError(
                f"vectors are {describe(vectors)} and known {describe(known)}, but this model has {describe(own)}: "
                "give one row a word of its vocabulary, and set embed to the vectors' width."
            )
        known = known.to(own.device) & (torch.arange(own.shape[0], device=own.device) != PAD)
        if not known.any():
            return
        given = vectors.to(own)
        own *= given[known].std(correction=0) * own.shape[1] ** 0.5
        own[known] = given[known]
