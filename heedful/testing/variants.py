"""Every score, region and choice by name, small and in prime sizes: the laws are checked over their product."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from heedful.attention import ScoreLike
from heedful.choice import Argmax, Choice, Entmax15, Gumbel, Hard, Soft, Sparse, Sparsemax, StraightThrough, TopK
from heedful.region import Causal, Everywhere, Padding, Predicted, Region, Window
from heedful.score import Additive, Concat, Cosine, Dot, General, Location

LONGEST = 41
"""The most keys that the location score knows."""


@dataclass(frozen=True)
class Sizes:
    """The sizes that a region is built for."""

    batch: tuple[int, ...]
    queries: int
    keys: int
    query_dim: int


@dataclass(frozen=True)
class ScoreCase:
    """How to make a score, and the widths it takes."""

    make: Callable[[], ScoreLike]
    query_dim: int
    key_dim: int


def euclidean(query: Tensor, key: Tensor) -> Tensor:
    """A user's own score, which fits neither form: minus half the squared distance."""
    return -0.5 * (query.unsqueeze(-2) - key.unsqueeze(-3)).square().sum(-1)


SCORES: Mapping[str, ScoreCase] = {
    "dot": ScoreCase(Dot, 5, 5),
    "general": ScoreCase(lambda: General(3, 5), 3, 5),
    "cosine": ScoreCase(lambda: Cosine(3.0), 5, 5),
    "concat": ScoreCase(lambda: Concat(3, 5), 3, 5),
    "additive": ScoreCase(lambda: Additive(3, 5, 7), 3, 5),
    "location": ScoreCase(lambda: Location(3, LONGEST), 3, 5),
    "callable": ScoreCase(lambda: euclidean, 5, 5),
}

CHOICES: Mapping[str, Callable[[], Choice]] = {
    "soft": Soft,
    "soft-sharp": lambda: Soft(0.5),
    "argmax": lambda: Hard(Argmax()),
    "straight-through": lambda: Hard(Argmax(), StraightThrough()),
    "gumbel": lambda: Hard(Gumbel(3)),
    "sparsemax": lambda: Sparse(Sparsemax()),
    "entmax15": lambda: Sparse(Entmax15()),
    "top-2": lambda: Sparse(TopK(2)),
}

REGIONS: Mapping[str, Callable[[Sizes], Region]] = {
    "everywhere": lambda sizes: Everywhere(),
    "causal": lambda sizes: Causal(),
    "window": lambda sizes: Window(1),
    "window-centred": lambda sizes: Window(1, _centres(sizes)),
    "predicted": lambda sizes: Predicted(sizes.query_dim, 3, 1.7),
    "padding": lambda sizes: Padding(_lengths(sizes)),
    "causal & padding": lambda sizes: Causal() & Padding(_lengths(sizes)),
    "window & causal": lambda sizes: Window(2) & Causal(),
    "window-centred & padding": lambda sizes: Window(1, _centres(sizes)) & Padding(_lengths(sizes)),
    "predicted & padding": lambda sizes: Predicted(sizes.query_dim, 3, 2.3) & Padding(_lengths(sizes)),
    "predicted & causal & padding": lambda sizes: (
        Predicted(sizes.query_dim, 3, 2.3) & Causal() & Padding(_lengths(sizes))
    ),
}


def make_score(name: str, dtype: torch.dtype = torch.float64) -> ScoreLike:
    """The score of this name, drawn with a fixed seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        score = SCORES[name].make()
    return score.to(dtype) if isinstance(score, nn.Module) else score


def make_region(name: str, sizes: Sizes, dtype: torch.dtype = torch.float64) -> Region:
    """The region of this name, built for these sizes with a fixed seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        region = REGIONS[name](sizes)
    if isinstance(region, nn.Module):
        region.to(dtype)
    return region


def _lengths(sizes: Sizes) -> Tensor:
    """Lengths between none and all of the keys, different from row to row."""
    rows = torch.arange(1, 1 + int(torch.Size(sizes.batch).numel())).reshape(sizes.batch)
    return (rows * 5) % (sizes.keys + 1)


def _centres(sizes: Sizes) -> Tensor:
    """Centres inside and outside of the keys."""
    count = int(torch.Size((*sizes.batch, sizes.queries)).numel())
    return (torch.arange(count) * 3).reshape(*sizes.batch, sizes.queries) % (sizes.keys + 4) - 2
