"""The attention settings of models with several attentions: one section for each, such as ``attention.self``."""

from collections.abc import Mapping
from typing import Any, cast

from pydantic import BaseModel, ConfigDict, Field, model_validator

from heedful.model.attention_config import AttentionConfig

SCALED = AttentionConfig(score="scaled-dot")
"""The attention of Vaswani et al. 2017."""

SHORT_FORM = "the model's attentions; a score, region … right here, as in attention.score, is for all of them"
"""What a group of sections is, in the list of settings."""


class AttentionSections(BaseModel):
    """The base class of a group of sections, each an `AttentionConfig` that is named after one kind of attention."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class SelfSections(AttentionSections):
    """The attentions of a decoder-only Transformer."""

    self: AttentionConfig = Field(default=SCALED, description="self-attention of every layer")


class TransformerSections(AttentionSections):
    """The attentions of an encoder-decoder Transformer.

    A head has its own queries, keys and values; a score with weights is shared by the heads of a layer.
    """

    self: AttentionConfig = Field(default=SCALED, description="self-attention of encoder and decoder")
    source: AttentionConfig = Field(default=SCALED, description="the decoder's attention to the source")


class TextSections(AttentionSections):
    """The attentions of a text model: that of the pooling, and that of the encoder "transformer".

    The settings of run folders written before there were sections are those of the pooling.
    """

    pooling: AttentionConfig = Field(
        default=AttentionConfig(score="dot"), description="pooling: from the states of a text to one vector"
    )
    self: AttentionConfig = Field(default=SCALED, description="self-attention of the encoder transformer")

    @model_validator(mode="before")
    @classmethod
    def _without_sections(cls, plain: Any) -> Any:
        if isinstance(plain, AttentionConfig):
            return {"pooling": plain}
        if not isinstance(plain, Mapping):
            return plain
        settings = cast(Mapping[str, Any], plain)
        pooling = {name: value for name, value in settings.items() if name in AttentionConfig.model_fields}
        if not pooling:
            return settings
        return {
            **{name: value for name, value in settings.items() if name not in pooling},
            "pooling": {**cast(Mapping[str, Any], settings.get("pooling", {})), **pooling},
        }
