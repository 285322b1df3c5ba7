"""The pretraining objectives by name."""

from heedful.model.pretrain import PretrainConfig, Pretraining
from heedful.papers.table import SA_LSTM
from heedful.task.models import Family, Models, Name

_FAMILY = Family(PretrainConfig, Pretraining)

MODELS = Models(
    {
        "autoencoder": Name(
            _FAMILY,
            PretrainConfig(objective="autoencoder"),
            "LSTM that reads a text and reproduces it from its last state",
            SA_LSTM,
        ),
        "next-word": Name(
            _FAMILY,
            PretrainConfig(objective="next-word"),
            "LSTM that predicts each next word",
            SA_LSTM,
        ),
    },
    default="next-word",
    aliases={"sequence-autoencoder": "autoencoder", "language-model": "next-word"},
)
"""The closed table."""
