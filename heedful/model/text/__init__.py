"""Texts read: word vectors, one encoder family and its poolings for all models of texts."""

from heedful.model.text.config import TextConfig
from heedful.model.text.encoder import ENCODERS, Encoder, Read, TextEncoder
from heedful.model.text.poolings import POOLINGS
from heedful.model.text.vectors import WordVectors

__all__ = ["ENCODERS", "POOLINGS", "Encoder", "Read", "TextConfig", "TextEncoder", "WordVectors"]
