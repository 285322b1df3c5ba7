"""The translation models by name."""

from heedful.model.seq2seq import PRESETS
from heedful.model.transformer import TransformerConfig
from heedful.model.weighted_transformer import WeightedTransformerConfig
from heedful.papers import table as papers
from heedful.task.families import RECURRENT, TRANSFORMER, WEIGHTED
from heedful.task.models import Models, Name

_NAMES = {
    "transformer": Name(
        TRANSFORMER,
        TransformerConfig(),
        "attention only, with many heads; all words are trained in parallel",
        papers.ATTENTION_IS_ALL_YOU_NEED,
        {"rate": 2e-3},
    ),
    "weighted-transformer": Name(
        WEIGHTED,
        WeightedTransformerConfig(),
        "a feed-forward layer for every head, weighted by kappa and alpha",
        papers.WEIGHTED_TRANSFORMER,
        {"rate": 2e-3},
    ),
    "rnnsearch": Name(
        RECURRENT,
        PRESETS["rnnsearch"],
        "bidirectional GRU, additive attention before every step",
        papers.ALIGN_AND_TRANSLATE,
    ),
    "luong": Name(
        RECURRENT,
        PRESETS["luong"],
        "LSTM, global attention with score general, input feeding",
        papers.EFFECTIVE_APPROACHES,
    ),
    "luong-local": Name(
        RECURRENT,
        PRESETS["luong-local"],
        "the same with local-p attention: a window around a predicted centre",
        papers.EFFECTIVE_APPROACHES,
    ),
    "sutskever": Name(
        RECURRENT,
        PRESETS["sutskever"],
        "LSTM without attention: the source in one vector",
        papers.SEQUENCE_TO_SEQUENCE,
    ),
    "cho": Name(
        RECURRENT,
        PRESETS["cho"],
        "GRU without attention: the source vector is an input of every step",
        papers.PHRASE_REPRESENTATIONS,
    ),
}

MODELS = Models(
    _NAMES,
    default="transformer",
    aliases={"bahdanau": "rnnsearch", "attention": "rnnsearch", "seq2seq": "sutskever", "rnn": "rnnsearch"},
)
"""The closed table."""
