"""The classification models by name."""

from heedful.model.text import PRESETS, TextClassifier, TextConfig
from heedful.papers import table as papers
from heedful.task.models import Family, Models, Name

_FAMILY = Family(TextConfig, TextClassifier)

_NAMES: dict[str, Name] = {
    "birnn": Name(
        _FAMILY,
        PRESETS["birnn"],
        "bidirectional LSTM, attention over its states",
        papers.ATTENTION_BILSTM,
    ),
    "textcnn": Name(
        _FAMILY,
        PRESETS["textcnn"],
        "convolutions over n-grams, the maximum of each",
        papers.TEXTCNN,
    ),
    "textrnn": Name(
        _FAMILY,
        PRESETS["textrnn"],
        "bidirectional LSTM, the mean of its states",
        papers.TEXTRNN,
    ),
    "rcnn": Name(
        _FAMILY,
        PRESETS["rcnn"],
        "each word with its left and right context, the maximum of each feature",
        papers.RCNN,
    ),
    "cnn-attention": Name(
        _FAMILY,
        PRESETS["cnn-attention"],
        "convolutions over n-grams, with attention from a bidirectional LSTM",
        papers.APCNN,
    ),
    "han": Name(
        _FAMILY,
        PRESETS["han"],
        "attention over the words of each sentence, then over sentences",
        papers.HAN,
        train={"tokens": 16_384},
        data={"max_length": 2000},
    ),
    "transformer": Name(
        _FAMILY,
        PRESETS["transformer"],
        "self-attention, then attention over its states",
        papers.ATTENTION_IS_ALL_YOU_NEED,
    ),
    "sa-lstm": Name(
        _FAMILY,
        PRESETS["sa-lstm"],
        "LSTM that can be initialised by pretraining on unlabelled text",
        papers.SA_LSTM,
    ),
    "words": Name(
        _FAMILY,
        PRESETS["words"],
        "the mean of word vectors: the baseline",
        papers.DAN,
    ),
}

MODELS = Models(_NAMES, default="birnn", aliases={"att-bilstm": "birnn", "apcnn": "cnn-attention", "cnn": "textcnn"})
"""The closed table."""
