"""Perplexity: among how many equally likely tokens a model seems to choose."""

import math


def perplexity(nats: float) -> float:
    """``exp(nats)``, of the mean negative log-likelihood of a token; infinite where that is beyond all numbers."""
    return math.exp(nats) if nats < 700.0 else math.inf
