"""What may be learned of text without labels: an objective at the edge, a configured model behind it."""

from heedful.model.pretrain import PretrainConfig, Pretraining
from heedful.papers.table import SA_LSTM
from heedful.task.models import Family, Models, Name

_FAMILY = Family(PretrainConfig, Pretraining)

MODELS = Models(
    {
        "autoencoder": Name(
            _FAMILY,
            PretrainConfig(objective="autoencoder"),
            "LSTM that reads a text and says it again from its last state",
            SA_LSTM,
        ),
        "next-word": Name(
            _FAMILY,
            PretrainConfig(objective="next-word"),
            "LSTM that says each next word",
            SA_LSTM,
        ),
    },
    default="next-word",
    aliases={"sequence-autoencoder": "autoencoder", "language-model": "next-word"},
)
"""The closed table."""
