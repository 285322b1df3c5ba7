"""Closed tables of models: each name stands for a family, a preset configuration and a paper."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from torch import nn

from heedful.errors import UserError, did_you_mean
from heedful.papers import Paper


@dataclass(frozen=True)
class Family:
    """A family of models: its configuration class, how it is built, and which of its attention maps are shown.

    `build` takes the settings and, by name, sizes from the task, such as those of vocabularies. `looks` is a pattern of
    attention modules, in the syntax of `heedful.record`. `build_over` builds the model with the user's own encoder,
    which it takes after the settings; None if the encoder cannot be replaced.
    """

    config: type[BaseModel]
    build: Callable[..., nn.Module]
    looks: str = "*"
    build_over: Callable[..., nn.Module] | None = None


@dataclass(frozen=True)
class Name:
    """A model that can be chosen by name.

    `train` and `data` are settings that override the general defaults for this model.
    """

    family: Family
    preset: BaseModel
    summary: str
    paper: Paper | None
    train: Mapping[str, Any] = field(default_factory=dict[str, Any])
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])


class CustomModelConfig(BaseModel):
    """What a task needs to know about the user's own model.

    `longest_source`, `longest_target` and `longest` are the most tokens that it can read and produce; None means no
    limit. `looks` is a pattern of the attentions that are shown, in the syntax of `heedful.record`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    longest: int | None = Field(default=None, ge=1)
    longest_source: int | None = Field(default=None, ge=1)
    longest_target: int | None = Field(default=None, ge=1)
    looks: str = "*"
    tie: Literal["none"] = "none"


_TITLES = {
    "rnnsearch": "RNNsearch",
    "show-attend-tell": "Show, Attend and Tell",
    "show-attend-tell-hard": "Show, Attend and Tell, hard",
    "adaptive": "Adaptive attention",
    "ram": "RAM",
    "fcan": "FCAN",
    "soft": "Soft attention",
    "birnn": "BiRNN",
    "textcnn": "TextCNN",
    "textrnn": "TextRNN",
    "rcnn": "RCNN",
    "cnn-attention": "CNN with attention",
    "han": "HAN",
    "sa-lstm": "SA-LSTM",
    "words": "mean of words",
    "bcnn": "BCNN",
    "cho": "RNN encoder-decoder",
    "guided-lstm": "Guided LSTM",
    "grammar-lstm": "Grammar LSTM",
    "attention-rnn": "Attention RNN",
    "lstm": "LSTM",
    "weighted-transformer": "Weighted Transformer",
    "luong-local": "Luong, local attention",
    "luong-feeding": "Luong, input feeding",
}


def model_title(name: str) -> str:
    """A model's name as its paper writes it, for titles: "rnnsearch" is "RNNsearch"."""
    return _TITLES.get(name, f"ABCNN-{name[5:]}" if name.startswith("abcnn") else name.capitalize())


CUSTOM = "custom"
"""The name under which settings keep a model that the user's own code builds."""


def _needs_code(settings: BaseModel, **sizes: Any) -> nn.Module:
    raise UserError(
        "the model 'custom' is the user's own code",
        hint="pass its builder in Python: heedful.fit(..., model=build) or heedful.load(folder, model=build)",
    )


_CUSTOM_NAME = Name(Family(CustomModelConfig, _needs_code), CustomModelConfig(), "a model of your own", paper=None)


@dataclass(frozen=True)
class Models:
    """The models of one task by name, aliases for them, and the default."""

    names: Mapping[str, Name]
    default: str
    aliases: Mapping[str, str] = field(default_factory=dict[str, str])

    def named(self, name: str) -> tuple[str, Name]:
        """The canonical name and the entry of a name or alias; "bahdanau", for example, is "rnnsearch".

        `CUSTOM` stands for the user's own model, which every task accepts.
        Raises: UserError, for an unknown name; suggests the closest one.
        """
        if name == CUSTOM:
            return CUSTOM, _CUSTOM_NAME
        known = self.aliases.get(name, name)
        if known not in self.names:
            raise UserError(f"no model is called {name!r}", hint=did_you_mean(name, [*self.names, *self.aliases]))
        return known, self.names[known]
