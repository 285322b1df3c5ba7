"""Recurrent encoder-decoders: one file per decoder family, one encoder and one interface for all."""

from heedful.model.seq2seq.config import SeqToSeqConfig
from heedful.model.seq2seq.encoder import RecurrentTextEncoder, Source, word_vectors
from heedful.model.seq2seq.model import DECODERS, SeqToSeq
from heedful.model.seq2seq.presets import PRESETS

__all__ = [
    "DECODERS",
    "PRESETS",
    "RecurrentTextEncoder",
    "SeqToSeq",
    "SeqToSeqConfig",
    "Source",
    "word_vectors",
]
