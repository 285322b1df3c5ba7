"""Published classifiers by name, and the papers behind settings."""

from heedful.model.attention_config import AttentionConfig
from heedful.model.text.config import TextConfig

PRESETS: dict[str, TextConfig] = {
    "words": TextConfig(encoder="words", pooling="mean"),
    "textcnn": TextConfig(encoder="cnn", pooling="max", dropout=0.5, max_norm=3.0),
    "textrnn": TextConfig(pooling="mean"),
    "birnn": TextConfig(merge="sum", forget=-2.0, end="tanh", dropout=0.5, embed_dropout=0.5, word_dropout=0.1),
    "rcnn": TextConfig(encoder="rcnn", pooling="max"),
    "cnn-attention": TextConfig(encoder="cnn", pooling="asked", attention=AttentionConfig(score="general")),
    "han": TextConfig(structure="hierarchy", pooling="context", cell="gru"),
    "transformer": TextConfig(encoder="transformer", pooling="attention", layers=2, dropout=0.2),
    "sa-lstm": TextConfig(pooling="last", bidirectional=False, gain="linear"),
}
"""Published models at our default widths; `config.model_copy(update=...)` changes one.

The dropout of birnn is ours, not that of its paper; nor is where its forget gates start, for it to look at the words
that it answers by (LOG.md has the numbers).
"""

_PAPERS = {
    "hierarchy": "Yang et al.: Hierarchical Attention Networks for Document Classification, NAACL 2016, N16-1174",
    "asked": "Er et al.: Attention Pooling-based CNN for Sentence Modelling, Information Sciences 373, 2016",
    "linear": "Dai and Le: Semi-supervised Sequence Learning, NIPS 2015, arXiv:1511.01432",
    "words": "Iyyer et al.: Deep Unordered Composition Rivals Syntactic Methods, ACL 2015, P15-1162",
    "cnn": "Kim: Convolutional Neural Networks for Sentence Classification, EMNLP 2014, arXiv:1408.5882",
    "rcnn": "Lai et al.: Recurrent Convolutional Neural Networks for Text Classification, AAAI 2015",
    "transformer": "Vaswani et al.: Attention Is All You Need, NIPS 2017, arXiv:1706.03762",
    "attention": "Zhou et al.: Attention-Based Bidirectional LSTM Networks, ACL 2016, P16-2034",
    "rnn": "Liu et al.: RNN for Text Classification with Multi-Task Learning, IJCAI 2016, arXiv:1605.05101",
}


def paper_of(config: TextConfig) -> str:
    """The paper whose model these settings are nearest to: the structure tells more than the pooling or the encoder."""
    looks = "attention" if config.encoder == "rnn" and config.pooling in ("attention", "context") else ""
    traits = (config.structure, config.pooling if config.pooling == "asked" else "", config.gain, looks, config.encoder)
    return next(_PAPERS[trait] for trait in traits if trait in _PAPERS)
