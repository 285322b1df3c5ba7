"""Sampling: outputs drawn from the model's distribution, with temperature, top-k and top-p."""

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from heedful.decode.constraint import Constraint
from heedful.decode.hypothesis import Hypothesis
from heedful.decode.path import follow
from heedful.decode.stepwise import Stepwise


@dataclass(frozen=True)
class SharedNoise:
    """A generator whose noise all rows of a batch share, so that a row's sample does not depend on the batch."""

    generator: torch.Generator


def sample(  # noqa: PLR0913 - what is drawn, and numbers with defaults, all by name
    model: Stepwise,
    memory: Any,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float = 1.0,
    generator: torch.Generator | SharedNoise | None = None,
    constraint: Constraint | None = None,
    attention: bool = False,
    max_length: int | Int[Tensor, " _"],
) -> list[Hypothesis]:  # fmt: skip
    """Draws every token from the model's distribution, given the tokens before it.

    `memory` is the result of the model's `encode`. `temperature` divides the logits (below 1 sharpens). Then only the
    `top_k` most likely tokens remain (None: all), and of them the smallest set of most likely ones whose probabilities
    reach `top_p`. `generator` must be on the device of the logits. With `SharedNoise` the sample of a row does not
    depend on the other rows, except by rounding. With a `constraint` only allowed tokens are drawn. With `attention`
    every hypothesis has the model's attention weights.

    Returns: one hypothesis per row of memory; its log-probability is the model's at temperature 1.
    Raises: ValueError, when a number is out of its range, or `max_length` too small for the constraint.
    Source: Fan et al. 2018, section 5.4 (arXiv:1805.04833) for top-k; Holtzman et al. 2020, eq. 2
        (arXiv:1904.09751) for top-p.
    """
    if temperature <= 0:
        raise ValueError(f"temperature is {temperature}, expected a positive number; greedy search is `greedy`.")
    if top_k is not None and top_k < 1:
        raise ValueError(f"top_k is {top_k}, expected at least 1, or None for all tokens.")
    if not 0 < top_p <= 1:
        raise ValueError(f"top_p is {top_p}, expected 0 < top_p <= 1.")

    def draw(log_probability: Tensor) -> Tensor:
        scores = log_probability / temperature
        if top_k is None and top_p == 1.0:
            return _pick(scores.softmax(-1), generator).squeeze(1)
        ranked, token = scores.topk(min(top_k or scores.shape[1], scores.shape[1]), dim=-1)
        drawn = _pick(nucleus(ranked.softmax(-1), top_p), generator)
        return token.gather(1, drawn).squeeze(1)

    return follow(model, memory, choose=draw, constraint=constraint, attention=attention, max_length=max_length)


def _pick(probability: Float[Tensor, "B V"], generator: torch.Generator | SharedNoise | None) -> Int[Tensor, "B 1"]:
    """A random column of each row, by its probability."""
    if not isinstance(generator, SharedNoise):
        return torch.multinomial(probability, 1, generator=generator)
    # As `multinomial` does for one row: exponential variables, divided by the probabilities, and the smallest one wins.
    # All rows use the same row of noise, so that each is drawn as if it were alone.
    noise = torch.empty_like(probability[:1]).exponential_(1, generator=generator.generator)
    return (probability / noise).argmax(-1, keepdim=True)


def nucleus(ranked: Float[Tensor, "B V"], top_p: float) -> Float[Tensor, "B V"]:
    """Probabilities in descending order, with zeros after the first ones whose sum reaches `top_p`."""
    # The sum BEFORE each token is compared: the token that reaches `top_p` is kept, and the first one always is.
    before = ranked.cumsum(-1) - ranked
    return ranked.masked_fill(before >= top_p, 0.0)
