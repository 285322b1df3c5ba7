"""Word vectors: an embedding with dropout of words and entries, optionally initialised with pretrained vectors."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from heedful.layer.dropout import Dropout
from heedful.shapes import PAD, UNK, ShapeError, describe


class WordDropout(nn.Module):
    """Replaces each word by the unknown word with probability `rate`, in training only; padding stays padding.

    The vector of the unknown word is trained by this, and the model cannot depend on a single word.
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
        # Padding stays padding: its vector is zero, and that of the unknown word is not.
        return tokens.masked_fill(dropped & (tokens != PAD), UNK)

    def extra_repr(self) -> str:
        return f"{self.rate}"


class WordVectors(nn.Module):
    """The vectors of a text's words; the vector of padding is zero and stays zero.

    Vectors have about unit length, which suits recurrent layers; `dropout` drops entries, `word_dropout` whole words.
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
        """One vector per word."""
        return self.dropout(self.embedding(self.word_dropout(tokens)))

    @torch.no_grad()
    def start_from(self, vectors: Float[Tensor, "V D"], known: Bool[Tensor, " V"]) -> None:
        """Initialise the words that are marked in `known` with pretrained vectors; padding stays zero.

        The random vectors of the remaining words are scaled to the standard deviation of the pretrained ones.
        Raises: ShapeError, unless there is one vector per word of this vocabulary, of this model's width.
        """
        weight = self.embedding.weight
        if vectors.shape != weight.shape or known.shape[0] != weight.shape[0]:
            raise ShapeError(
                f"vectors are {describe(vectors)} and known {describe(known)}, but this model has {describe(weight)}: "
                "give one row per word of its vocabulary, and set embed to the vectors' width."
            )
        known = known.to(weight.device) & (torch.arange(weight.shape[0], device=weight.device) != PAD)
        if not known.any():
            return
        pretrained = vectors.to(weight)
        # Entries were drawn with a standard deviation of width^-0.5: the factor brings it to that of the known words.
        weight *= pretrained[known].std(correction=0) * weight.shape[1] ** 0.5
        weight[known] = pretrained[known]
