"""Published classifiers by name."""

from heedful.model.attention_config import AttentionConfig
from heedful.model.attention_sections import TextSections
from heedful.model.text.config import TextConfig

PRESETS: dict[str, TextConfig] = {
    "words": TextConfig(encoder="words", pooling="mean"),
    "textcnn": TextConfig(encoder="cnn", pooling="max", dropout=0.5, max_norm=3.0),
    "textrnn": TextConfig(pooling="mean"),
    "birnn": TextConfig(merge="sum", forget=-2.0, end="tanh", dropout=0.5, embed_dropout=0.5, word_dropout=0.1),
    "rcnn": TextConfig(encoder="rcnn", pooling="max"),
    "cnn-attention": TextConfig(
        encoder="cnn", pooling="asked", attention=TextSections(pooling=AttentionConfig(score="general"))
    ),
    "han": TextConfig(structure="hierarchy", pooling="context", cell="gru"),
    "transformer": TextConfig(encoder="transformer", pooling="attention", layers=2, dropout=0.2),
    "sa-lstm": TextConfig(pooling="last", bidirectional=False, gain="linear"),
}
"""Published models at our default widths; `config.model_copy(update=...)` changes one.

The dropout of birnn and the initial bias of its forget gates are ours, not its paper's. With this bias its attention
weights the words that decide the label (LOG.md has the numbers).
"""
