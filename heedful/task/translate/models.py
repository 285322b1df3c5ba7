"""The translators: a name at the edge, a configured model behind it."""

from heedful.model.seq2seq import PRESETS, SeqToSeq, SeqToSeqConfig
from heedful.model.transformer import Transformer, TransformerConfig
from heedful.model.weighted_transformer import WeightedTransformerConfig, weighted_transformer
from heedful.task.models import Family, Models, Name
from heedful.task.papers import translate as papers

_RECURRENT = Family(SeqToSeqConfig, SeqToSeq.for_texts, "decoder.look*")
_TRANSFORMER = Family(TransformerConfig, Transformer.for_texts, "decoder.*.source")
_WEIGHTED = Family(WeightedTransformerConfig, weighted_transformer, "decoder.*.source*")

_NAMES = {
    "transformer": Name(
        _TRANSFORMER,
        TransformerConfig(),
        "attention alone: many heads, trained all words at once",
        papers.ATTENTION_IS_ALL_YOU_NEED,
        {"rate": 2e-3},
    ),
    "weighted-transformer": Name(
        _WEIGHTED,
        WeightedTransformerConfig(),
        "every head goes on through its own feed-forward layer; kappa and alpha weigh them",
        papers.WEIGHTED_TRANSFORMER,
        {"rate": 2e-3},
    ),
    "rnnsearch": Name(
        _RECURRENT,
        PRESETS["rnnsearch"],
        "bidirectional GRU, additive attention before every step",
        papers.ALIGN_AND_TRANSLATE,
    ),
    "luong": Name(
        _RECURRENT,
        PRESETS["luong"],
        "LSTM, global attention with score general, input feeding",
        papers.EFFECTIVE_APPROACHES,
    ),
    "luong-local": Name(
        _RECURRENT,
        PRESETS["luong-local"],
        "the same with local-p: a learned centre and a window",
        papers.EFFECTIVE_APPROACHES,
    ),
    "sutskever": Name(
        _RECURRENT,
        PRESETS["sutskever"],
        "LSTM without attention: all of the source in one vector",
        papers.SEQUENCE_TO_SEQUENCE,
    ),
    "cho": Name(
        _RECURRENT,
        PRESETS["cho"],
        "GRU without attention that sees the source vector at every step",
        papers.PHRASE_REPRESENTATIONS,
    ),
}

MODELS = Models(
    _NAMES,
    default="transformer",
    aliases={"bahdanau": "rnnsearch", "attention": "rnnsearch", "seq2seq": "sutskever", "rnn": "rnnsearch"},
)
"""The closed table."""
