"""Perplexity: the exponential of the mean negative log-likelihood of a token."""

import math


def perplexity(nats: float) -> float:
    """``exp(nats)``, where `nats` is the mean negative log-likelihood of a token; infinite on overflow."""
    # `math.exp` raises OverflowError from 710 on.
    return math.exp(nats) if nats < 700.0 else math.inf
