"""A small module with both kinds of attention, its inputs, and the choices that recording is tested with."""

import torch
from torch import nn

from heedful import Additive, Attention, Causal, Hard, MultiHead
from heedful.choice import Entmax15, Gumbel, Soft, Sparse, StraightThrough

B, T, S, D = 2, 5, 7, 6


class Two(nn.Module):
    """A multi-head self-attention and a single attention over a memory, as models have them."""

    def __init__(self, choice=None, score=None):
        super().__init__()
        self.own = MultiHead(D, 2, attention=Attention(region=Causal()))
        self.look = Attention(Additive(D, D, 11) if score is None else score, choice=choice)
        self.noise = nn.Dropout(0.5)

    def forward(self, x, memory, keep):
        own = self.own(x, x)
        return self.noise(x + own) + self.look(own, memory, keep=keep)


def make_inputs():
    keep = torch.ones(B, S, dtype=torch.bool)
    keep[1, 4:] = False
    return torch.randn(B, T, D), torch.randn(B, S, D), keep


CHOICES = [Soft(), Sparse(Entmax15()), Hard(), Hard(Gumbel()), Hard(Gumbel(3), StraightThrough())]
