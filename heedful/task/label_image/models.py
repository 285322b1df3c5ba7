"""The models that label pictures, by name."""

from torch import nn

from heedful.model.picture.attribute_guided import AttributeGuided, AttributeGuidedConfig, PartAttributes
from heedful.model.picture.fcan import FcanConfig, FullyConvolutionalAttention
from heedful.model.picture.plain import PlainClassifier, PlainConfig
from heedful.model.picture.ram import RamConfig, RecurrentAttention
from heedful.model.picture.soft import SoftAttention, SoftConfig
from heedful.papers import table, vision
from heedful.task.models import Family, Models, Name


def _soft(config: SoftConfig, encoder: nn.Module, *, classes: int, attributes: object) -> nn.Module:
    return SoftAttention(config, encoder, classes=classes)


def _fcan(config: FcanConfig, encoder: nn.Module, *, classes: int, attributes: object) -> nn.Module:
    return FullyConvolutionalAttention(config, encoder, classes=classes)


def _attribute_guided(
    config: AttributeGuidedConfig, encoder: nn.Module, *, classes: int, attributes: PartAttributes | None
) -> nn.Module:
    return AttributeGuided(config, encoder, classes=classes, attributes=attributes)


def _plain(config: PlainConfig, encoder: nn.Module, *, classes: int, attributes: object) -> nn.Module:
    return PlainClassifier(config, encoder, classes=classes)


_NAMES: dict[str, Name] = {
    "soft": Name(
        Family(SoftConfig, SoftAttention.build, build_over=_soft),
        SoftConfig(),
        "a weighted mean of all cells of the picture",
        table.SHOW_ATTEND_AND_TELL,
    ),
    "fcan": Name(
        Family(FcanConfig, FullyConvolutionalAttention.build, build_over=_fcan),
        FcanConfig(),
        "a few parts, found on maps of a fully convolutional network",
        vision.FULLY_CONVOLUTIONAL_ATTENTION,
    ),
    "attribute-guided": Name(
        Family(AttributeGuidedConfig, AttributeGuided.build, build_over=_attribute_guided),
        AttributeGuidedConfig(),
        "parts, found where their attributes can be read (--attributes)",
        vision.LOCALIZING_BY_DESCRIBING,
    ),
    "ram": Name(
        Family(RamConfig, RecurrentAttention),
        RamConfig(),
        "a few glimpses, one after another; each decides where the next one goes",
        vision.RECURRENT_VISUAL_ATTENTION,
    ),
    "plain": Name(
        Family(PlainConfig, PlainClassifier.build, build_over=_plain),
        PlainConfig(),
        "all cells alike: the baseline",
        vision.RESIDUAL_LEARNING,
    ),
}

MODELS = Models(_NAMES, default="soft")
"""The closed table."""
