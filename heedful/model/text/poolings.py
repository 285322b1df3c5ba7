"""Poolings by name, each for the states of an encoder."""

from collections.abc import Callable

from heedful.layer.pooling import AsTheyAre, AttentionPooling, HiddenLayer, Last, Max, Mean, Pooling, Squashed
from heedful.model.text.config import TextConfig
from heedful.model.text.encoder import Encoder


def _attention(config: TextConfig, states: Encoder) -> AttentionPooling:
    view = Squashed(states.output_dim)
    attention = config.attention.build(view.output_dim, view.output_dim)
    return AttentionPooling(states.output_dim, attention, view=view, query_dim=view.output_dim)


def _context(config: TextConfig, states: Encoder) -> AttentionPooling:
    view = HiddenLayer(states.output_dim, config.attention.width or states.output_dim)
    attention = config.attention.build(view.output_dim, view.output_dim)
    return AttentionPooling(states.output_dim, attention, view=view, query_dim=view.output_dim)


def asked(config: TextConfig, states: Encoder, query_dim: int) -> AttentionPooling:
    """Attention with a query that each call gives, `query_dim` wide."""
    attention = config.attention.build(query_dim, states.output_dim)
    return AttentionPooling(states.output_dim, attention, view=AsTheyAre(states.output_dim), query_dim=None)


POOLINGS: dict[str, Callable[[TextConfig, Encoder], Pooling]] = {
    "last": lambda config, states: Last(states.output_dim, directions=states.directions),
    "mean": lambda config, states: Mean(states.output_dim),
    "max": lambda config, states: Max(states.output_dim),
    "attention": _attention,
    "context": _context,
}
"""Poolings of the states alone; "asked" needs the width of what asks, see `asked`."""
