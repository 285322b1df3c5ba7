"""The models of text pairs by name."""

from heedful.model.match.convolutional import PRESETS, ConvolutionalConfig, ConvolutionalMatch
from heedful.model.match.cross import CrossConfig, CrossMatch
from heedful.model.match.siamese import SiameseConfig, SiameseMatch
from heedful.model.text import TextConfig
from heedful.papers import table as papers
from heedful.task.models import Family, Models, Name

_CONVOLUTIONAL = Family(ConvolutionalConfig, ConvolutionalMatch)
_SIAMESE = Family(SiameseConfig, SiameseMatch)
_CROSS = Family(CrossConfig, CrossMatch)

_NAMES: dict[str, Name] = {
    "abcnn3": Name(
        _CONVOLUTIONAL,
        PRESETS["abcnn3"],
        "convolutions, attention before them and at their pooling",
        papers.ABCNN,
    ),
    "abcnn1": Name(
        _CONVOLUTIONAL,
        PRESETS["abcnn1"],
        "convolutions over the words and an attention map of the other text",
        papers.ABCNN,
    ),
    "abcnn2": Name(
        _CONVOLUTIONAL,
        PRESETS["abcnn2"],
        "convolutions, their pooling weighted by attention",
        papers.ABCNN,
    ),
    "bcnn": Name(
        _CONVOLUTIONAL,
        PRESETS["bcnn"],
        "convolutions of both texts, compared at every level, without attention",
        papers.ABCNN,
    ),
    "siamese": Name(
        _SIAMESE,
        SiameseConfig(),
        "a bidirectional LSTM with attention reads each text alone",
        papers.INFERSENT,
    ),
    "cross-attention": Name(
        _CROSS,
        CrossConfig(),
        "each word attends to the other text and is compared with the result",
        papers.ESIM,
    ),
    "decomposable": Name(
        _CROSS,
        CrossConfig(text=TextConfig(encoder="words"), compose="words"),
        "the same with word vectors only, without recurrent layers",
        papers.DECOMPOSABLE,
    ),
}

MODELS = Models(_NAMES, default="abcnn3", aliases={"esim": "cross-attention", "abcnn": "abcnn3"})
"""The closed table."""
