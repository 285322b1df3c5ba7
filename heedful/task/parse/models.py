"""The parsers: a name at the edge, a configured model behind it."""

from heedful.model.seq2seq import SeqToSeq, SeqToSeqConfig
from heedful.model.transformer import Transformer, TransformerConfig
from heedful.papers.table import ATTENTION_IS_ALL_YOU_NEED, DETERMINISTIC, GRAMMAR, SEQUENCE_TO_SEQUENCE
from heedful.task.models import Family, Models, Name

_RECURRENT = Family(SeqToSeqConfig, SeqToSeq, "decoder.look*")
_TRANSFORMER = Family(TransformerConfig, Transformer, "decoder.*.source")

_SMALL = SeqToSeqConfig(decoder="guided", cell="lstm", embed=64, hidden=128, dropout=0.3)

_NAMES = {
    "guided-lstm": Name(
        _RECURRENT,
        _SMALL,
        "LSTM that reads the word where it stands, then looks everywhere",
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
        "attention alone, told the place of the next word",
        ATTENTION_IS_ALL_YOU_NEED,
        {"rate": 2e-3},
    ),
    "sutskever": Name(
        _RECURRENT,
        _SMALL.model_copy(update={"decoder": "feedback"}),
        "the LSTM without attention: all of the sentence in one vector",
        SEQUENCE_TO_SEQUENCE,
    ),
}

MODELS = Models(
    _NAMES,
    default="guided-lstm",
    aliases={"grammar": "grammar-lstm", "vinyals": "grammar-lstm", "guided": "guided-lstm"},
)
"""The closed table."""
