"""Families of sequence-to-sequence models, which translation and chat share."""

from torch import nn

from heedful.layer.embedding import TokenEmbedding
from heedful.model.seq2seq import SeqToSeq, SeqToSeqConfig, word_vectors
from heedful.model.transformer import POSITIONS, Transformer, TransformerConfig
from heedful.model.weighted_transformer import WeightedTransformerConfig, weighted_transformer
from heedful.task.models import Family


def _recurrent(config: SeqToSeqConfig, encoder: nn.Module, *, source_size: int, target_size: int) -> nn.Module:
    return SeqToSeq(config, encoder, word_vectors(target_size, config.embed))


def _transformer(config: TransformerConfig, encoder: nn.Module, *, source_size: int, target_size: int) -> nn.Module:
    position = POSITIONS[config.position](config).added()
    return Transformer(config, encoder, TokenEmbedding(target_size, config.width), target_position=position)


RECURRENT = Family(SeqToSeqConfig, SeqToSeq.for_texts, "decoder.look*", _recurrent)
"""Recurrent encoder-decoders, with or without attention."""

TRANSFORMER = Family(TransformerConfig, Transformer.for_texts, "decoder.*.source", _transformer)
"""The Transformer."""

WEIGHTED = Family(WeightedTransformerConfig, weighted_transformer, "decoder.*.source*")
"""The Weighted Transformer. Its encoder has branches too, so that it takes no other encoder."""
