"""Poolings by name, each for the states of an encoder."""

from collections.abc import Callable

from torch import nn

from heedful.layer.pooling import AttentionPooling, HiddenLayer, Last, Max, Mean, Pooling
from heedful.model.text.config import TextConfig
from heedful.model.text.encoder import Encoder


def _attention(config: TextConfig, states: Encoder, query_dim: int | None) -> Pooling:
    width = states.output_dim
    return AttentionPooling(width, config.attention.pooling.build(width, width), view=nn.Tanh(), query_dim=width)


def _context(config: TextConfig, states: Encoder, query_dim: int | None) -> Pooling:
    view = HiddenLayer(states.output_dim, config.attention.pooling.width or states.output_dim)
    attention = config.attention.pooling.build(view.output_dim, view.output_dim)
    return AttentionPooling(states.output_dim, attention, view=view, query_dim=view.output_dim)


def _asked(config: TextConfig, states: Encoder, query_dim: int | None) -> Pooling:
    assert query_dim is not None, "with pooling 'asked' a level has an asker"
    attention = config.attention.pooling.build(query_dim, states.output_dim)
    return AttentionPooling(states.output_dim, attention, view=nn.Identity(), query_dim=None)


POOLINGS: dict[str, Callable[[TextConfig, Encoder, int | None], Pooling]] = {
    "last": lambda config, states, query_dim: Last(states.output_dim, directions=states.directions),
    "mean": lambda config, states, query_dim: Mean(states.output_dim),
    "max": lambda config, states, query_dim: Max(states.output_dim),
    "attention": _attention,
    "context": _context,
    "asked": _asked,
}
"""Poolings by name, built from the settings, the encoder, and the width of the query passed to calls (None: none)."""
