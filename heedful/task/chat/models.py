"""The chat models: the translation models without label smoothing, which would make perplexity worse."""

from heedful.model.seq2seq import PRESETS, SeqToSeqConfig
from heedful.model.transformer import TransformerConfig
from heedful.papers.table import (
    ALIGN_AND_TRANSLATE,
    ATTENTION_IS_ALL_YOU_NEED,
    EFFECTIVE_APPROACHES,
    NEURAL_CONVERSATION,
)
from heedful.task.families import RECURRENT, TRANSFORMER
from heedful.task.models import Models, Name


def _preset(name: str) -> SeqToSeqConfig:
    return PRESETS[name].model_copy(update={"smoothing": 0.0})


_NAMES = {
    "rnnsearch": Name(
        RECURRENT,
        _preset("rnnsearch"),
        "bidirectional GRU over the dialogue, additive attention before every word",
        ALIGN_AND_TRANSLATE,
    ),
    "luong": Name(
        RECURRENT,
        _preset("luong").model_copy(update={"decoder": "luong"}),
        "LSTM over the dialogue, attention after every word; the fastest with attention",
        EFFECTIVE_APPROACHES,
    ),
    "luong-feeding": Name(
        RECURRENT,
        _preset("luong"),
        "the same with input feeding: the attention vector is an input of the next step",
        EFFECTIVE_APPROACHES,
    ),
    "transformer": Name(
        TRANSFORMER,
        TransformerConfig(smoothing=0.0, tie="target"),
        "attention only, with many heads; all words are trained in parallel",
        ATTENTION_IS_ALL_YOU_NEED,
        {"rate": 2e-3},
    ),
    "sutskever": Name(
        RECURRENT,
        _preset("sutskever"),
        "LSTM without attention, as in the neural conversational model: the dialogue in one vector",
        NEURAL_CONVERSATION,
    ),
}

MODELS = Models(
    _NAMES,
    default="rnnsearch",
    aliases={"bahdanau": "rnnsearch", "attention": "rnnsearch", "seq2seq": "sutskever", "vinyals": "sutskever"},
)
"""The closed table."""
