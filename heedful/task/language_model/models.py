"""The language models by name."""

from heedful.model.language import (
    CausalTransformer,
    CausalTransformerConfig,
    RecurrentLanguage,
    RecurrentLanguageConfig,
)
from heedful.papers import table as papers
from heedful.task.models import Family, Models, Name

_RECURRENT = Family(RecurrentLanguageConfig, RecurrentLanguage)

_NAMES: dict[str, Name] = {
    "transformer": Name(
        Family(CausalTransformerConfig, CausalTransformer),
        CausalTransformerConfig(),
        "causal self-attention, 4 layers",
        papers.ATTENTION_IS_ALL_YOU_NEED,
        train={"rate": 4e-3, "warmup": 100},
    ),
    "attention-rnn": Name(
        _RECURRENT,
        RecurrentLanguageConfig(),
        "LSTM with attention to its past states",
        papers.FRUSTRATINGLY_SHORT,
    ),
    "lstm": Name(
        _RECURRENT,
        RecurrentLanguageConfig(attention=None),
        "LSTM without attention: the baseline",
        papers.LSTM_LANGUAGE_MODEL,
    ),
}

MODELS = Models(_NAMES, default="transformer", aliases={"gpt": "transformer"})
"""The closed table."""
