"""Closed tables of models: a name at the edge, a configured model behind it, and its paper."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from torch import nn

from heedful.errors import UserError, did_you_mean
from heedful.papers import Paper


@dataclass(frozen=True)
class Family:
    """A family of models: how it is configured and built, and which of its attentions are read as its look.

    `build` takes the settings, then by name the sizes that the task knows: vocabularies, classes. `looks` is a pattern
    of module names, as `heedful.record` takes it. `build_over` builds the same over an encoder of the user's own, which
    it takes after the settings; None where there is no encoder to take the place of.
    """

    config: type[BaseModel]
    build: Callable[..., nn.Module]
    looks: str = "*"
    build_over: Callable[..., nn.Module] | None = None


@dataclass(frozen=True)
class Name:
    """A model that can be asked for by name.

    `train` and `data` hold settings that serve it better than the general ones.
    """

    family: Family
    preset: BaseModel
    summary: str
    paper: Paper | None
    train: Mapping[str, Any] = field(default_factory=dict[str, Any])
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])


class CustomModelConfig(BaseModel):
    """What a task needs to know of a model of the user's own.

    `longest_source`, `longest_target` and `longest` say how many tokens it can read and say (None: any number); `looks`
    is a pattern of the attentions that are shown, as `heedful.record` takes it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    longest: int | None = Field(default=None, ge=1)
    longest_source: int | None = Field(default=None, ge=1)
    longest_target: int | None = Field(default=None, ge=1)
    looks: str = "*"
    tie: Literal["none"] = "none"


CUSTOM = "custom"
"""The name of a model that the user's own code builds."""


def _needs_code(settings: BaseModel, **sizes: Any) -> nn.Module:
    raise UserError(
        "the model 'custom' is the user's own code",
        hint="give what builds it in Python: heedful.fit(..., model=build) or heedful.load(folder, model=build)",
    )


_CUSTOM_NAME = Name(Family(CustomModelConfig, _needs_code), CustomModelConfig(), "a model of your own", paper=None)


@dataclass(frozen=True)
class Models:
    """The models of one task, other names for them, and which is meant where nobody says."""

    names: Mapping[str, Name]
    default: str
    aliases: Mapping[str, str] = field(default_factory=dict[str, str])

    def named(self, name: str) -> tuple[str, Name]:
        """The entry of a name, and the name it goes by here ("bahdanau" is "rnnsearch").

        `CUSTOM` names a model of the user's own, which every task takes.
        Raises: UserError for an unknown name, with the likeliest.
        """
        if name == CUSTOM:
            return CUSTOM, _CUSTOM_NAME
        known = self.aliases.get(name, name)
        if known not in self.names:
            raise UserError(f"no model is called {name!r}", hint=did_you_mean(name, [*self.names, *self.aliases]))
        return known, self.names[known]
