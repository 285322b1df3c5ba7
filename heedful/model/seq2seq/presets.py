"""Published recurrent models by name."""

from heedful.model.attention_config import AttentionConfig
from heedful.model.seq2seq.config import SeqToSeqConfig

PRESETS: dict[str, SeqToSeqConfig] = {
    "rnnsearch": SeqToSeqConfig(),
    "luong": SeqToSeqConfig(
        decoder="luong-feeding",
        attention=AttentionConfig(score="general"),
        cell="lstm",
        bidirectional=False,
        start="final",
    ),
    "luong-local": SeqToSeqConfig(
        decoder="luong-feeding",
        attention=AttentionConfig(score="general", region="predicted"),
        cell="lstm",
        bidirectional=False,
        start="final",
    ),
    "sutskever": SeqToSeqConfig(decoder="feedback", cell="lstm", bidirectional=False, start="final"),
    "cho": SeqToSeqConfig(decoder="peek", bidirectional=False),
}
"""Published models at our default width; `config.model_copy(update=...)` changes one."""
