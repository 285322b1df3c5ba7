"""Models of texts: word vectors, an encoder family with its poolings that all such models share, and classifiers."""

from heedful.model.text.classifier import LabelledBatch, TextClassifier
from heedful.model.text.config import TextConfig
from heedful.model.text.encoder import ENCODERS, Encoder, TextEncoder, text_vectors
from heedful.model.text.level import Level
from heedful.model.text.poolings import POOLINGS
from heedful.model.text.presets import PRESETS
from heedful.model.text.sentences import Group, group_sentences
from heedful.model.text.vectors import WordVectors

__all__ = [
    "ENCODERS",
    "POOLINGS",
    "PRESETS",
    "Encoder",
    "Group",
    "LabelledBatch",
    "Level",
    "TextClassifier",
    "TextConfig",
    "TextEncoder",
    "WordVectors",
    "group_sentences",
    "text_vectors",
]
