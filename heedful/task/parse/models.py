"""The parsing models by name."""

from torch import nn

from heedful.data.tree.words import KnownWords
from heedful.layer.embedding import TokenEmbedding
from heedful.layer.word import FeatureEmbedding
from heedful.model.seq2seq import RecurrentTextEncoder, SeqToSeq, SeqToSeqConfig, word_vectors
from heedful.model.transformer import POSITIONS, Transformer, TransformerConfig, TransformerTextEncoder
from heedful.papers.table import ATTENTION_IS_ALL_YOU_NEED, DETERMINISTIC, GRAMMAR, SEQUENCE_TO_SEQUENCE
from heedful.task.models import Family, Models, Name
from heedful.task.parse.symbols import Symbols


def _recurrent(config: SeqToSeqConfig, *, words: KnownWords, symbols: Symbols, hide: float) -> SeqToSeq:
    """A recurrent parser."""
    vectors = _word_features(words, config.embed, hide)
    # Before the encoder, as in all models of texts: the order decides the random initial weights.
    target = word_vectors(symbols.size, config.embed)
    return SeqToSeq(config, RecurrentTextEncoder(config, vectors), target, advances=symbols.advances())


def _transformer(config: TransformerConfig, *, words: KnownWords, symbols: Symbols, hide: float) -> Transformer:
    """A Transformer parser."""
    vectors = _word_features(words, config.width, hide, scale=config.width**0.5)
    target, added = TokenEmbedding(symbols.size, config.width), POSITIONS[config.position](config).added
    source_position, target_position = added(), added()
    encoder = TransformerTextEncoder(config, vectors, position=source_position)
    return Transformer(config, encoder, target, target_position=target_position, advances=symbols.advances())


def _word_features(words: KnownWords, width: int, hide: float, *, scale: float = 1.0) -> nn.Module:
    """Embeddings of words by their form, shape and ending."""
    rates = words.masking_rates(hide)
    return FeatureEmbedding(words.features(), width, hidden_as=words.class_ids(), hiding=rates, scale=scale)


_RECURRENT = Family(SeqToSeqConfig, _recurrent, "decoder.look*")
_TRANSFORMER = Family(TransformerConfig, _transformer, "decoder.*.source")

_SMALL = SeqToSeqConfig(decoder="guided", cell="lstm", embed=64, hidden=128, dropout=0.3)

_NAMES = {
    "guided-lstm": Name(
        _RECURRENT,
        _SMALL,
        "LSTM that reads the next word, then attends to all words",
        DETERMINISTIC,
    ),
    "grammar-lstm": Name(
        _RECURRENT,
        SeqToSeqConfig(
            decoder="grammar", cell="lstm", layers=3, bidirectional=False, start="final", dropout=0.2, smoothing=0.0
        ),
        "three LSTM layers over the reversed sentence, additive attention",
        GRAMMAR,
        data={"reverse": True},
    ),
    "transformer": Name(
        _TRANSFORMER,
        TransformerConfig(width=128, feedforward=256, encoder_layers=2, decoder_layers=2, dropout=0.2, tie="target"),
        "attention only, with the position of the next word as input",
        ATTENTION_IS_ALL_YOU_NEED,
        {"rate": 2e-3},
    ),
    "sutskever": Name(
        _RECURRENT,
        _SMALL.model_copy(update={"decoder": "feedback"}),
        "LSTM without attention: the sentence in one vector",
        SEQUENCE_TO_SEQUENCE,
    ),
}

MODELS = Models(
    _NAMES,
    default="guided-lstm",
    aliases={"grammar": "grammar-lstm", "vinyals": "grammar-lstm", "guided": "guided-lstm"},
)
"""The closed table."""
