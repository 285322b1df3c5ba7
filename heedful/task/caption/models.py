"""The captioning models by name."""

from torch import nn

from heedful.model.caption import (
    AdaptiveCaptionerConfig,
    HardCaptionerConfig,
    SoftCaptionerConfig,
    TransformerCaptionerConfig,
    adaptive,
    hard,
    soft,
    transformer,
)
from heedful.papers import table as papers
from heedful.task.models import Family, Models, Name

_RECURRENT, _TRANSFORMER = "*decoder.look*", "decoder.*.source"
"""Patterns of the attentions to the cells."""


def _soft(config: SoftCaptionerConfig, encoder: nn.Module, *, size: int, features: int | None) -> nn.Module:
    return soft(config, size, encoder=encoder)


def _hard(config: HardCaptionerConfig, encoder: nn.Module, *, size: int, features: int | None) -> nn.Module:
    return hard(config, size, encoder=encoder)


def _adaptive(config: AdaptiveCaptionerConfig, encoder: nn.Module, *, size: int, features: int | None) -> nn.Module:
    return adaptive(config, size, encoder=encoder)


def _transformer(
    config: TransformerCaptionerConfig, encoder: nn.Module, *, size: int, features: int | None
) -> nn.Module:
    return transformer(config, size, encoder=encoder)


_NAMES = {
    "show-attend-tell": Name(
        Family(SoftCaptionerConfig, soft, _RECURRENT, _soft),
        SoftCaptionerConfig(),
        "LSTM with soft attention before every word, gated",
        papers.SHOW_ATTEND_AND_TELL,
    ),
    "show-attend-tell-hard": Name(
        Family(HardCaptionerConfig, hard, _RECURRENT, _hard),
        HardCaptionerConfig(),
        "the same with hard attention: one sampled cell a word, trained by REINFORCE",
        papers.SHOW_ATTEND_AND_TELL,
    ),
    "adaptive": Name(
        Family(AdaptiveCaptionerConfig, adaptive, _RECURRENT, _adaptive),
        AdaptiveCaptionerConfig(),
        "LSTM whose words look at the picture or at a visual sentinel",
        papers.KNOWING_WHEN_TO_LOOK,
    ),
    "transformer": Name(
        Family(TransformerCaptionerConfig, transformer, _TRANSFORMER, _transformer),
        TransformerCaptionerConfig(),
        "a Transformer's decoder over the cells of the picture",
        papers.ATTENTION_IS_ALL_YOU_NEED,
        {"rate": 1e-3},
    ),
}

MODELS = Models(
    _NAMES,
    default="show-attend-tell",
    aliases={"soft": "show-attend-tell", "hard": "show-attend-tell-hard", "sentinel": "adaptive"},
)
"""The closed table."""
