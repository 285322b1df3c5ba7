"""The models that reply: those that translate, without smoothing, which perplexity would pay for."""

from heedful.model.seq2seq import PRESETS, SeqToSeq, SeqToSeqConfig
from heedful.model.transformer import Transformer, TransformerConfig
from heedful.task.models import Family, Models, Name
from heedful.task.papers.chat import NEURAL_CONVERSATION
from heedful.task.papers.translate import ALIGN_AND_TRANSLATE, ATTENTION_IS_ALL_YOU_NEED, EFFECTIVE_APPROACHES

_RECURRENT = Family(SeqToSeqConfig, SeqToSeq.for_texts, "decoder.look*")
_TRANSFORMER = Family(TransformerConfig, Transformer.for_texts, "decoder.*.source")


def _preset(name: str) -> SeqToSeqConfig:
    return PRESETS[name].model_copy(update={"smoothing": 0.0})


_NAMES = {
    "rnnsearch": Name(
        _RECURRENT,
        _preset("rnnsearch"),
        "bidirectional GRU over the dialogue, additive attention before every word",
        ALIGN_AND_TRANSLATE,
    ),
    "luong": Name(
        _RECURRENT,
        _preset("luong").model_copy(update={"decoder": "luong"}),
        "LSTM over the dialogue, attention after every word; the quickest that looks",
        EFFECTIVE_APPROACHES,
    ),
    "luong-feeding": Name(
        _RECURRENT,
        _preset("luong"),
        "the same with input feeding: what was seen goes into the next step",
        EFFECTIVE_APPROACHES,
    ),
    "transformer": Name(
        _TRANSFORMER,
        TransformerConfig(smoothing=0.0, tie="target"),
        "attention alone: many heads, trained all words at once",
        ATTENTION_IS_ALL_YOU_NEED,
        {"rate": 2e-3},
    ),
    "sutskever": Name(
        _RECURRENT,
        _preset("sutskever"),
        "LSTM without attention, as the neural conversational model: all that was said in one vector",
        NEURAL_CONVERSATION,
    ),
}

MODELS = Models(
    _NAMES,
    default="rnnsearch",
    aliases={"bahdanau": "rnnsearch", "attention": "rnnsearch", "seq2seq": "sutskever", "vinyals": "sutskever"},
)
"""The closed table."""
