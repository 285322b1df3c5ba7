"""Closed tables of models: a name at the edge, a configured model behind it, and its paper."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel
from torch import nn

from heedful.errors import UserError, did_you_mean
from heedful.task.papers import Paper


@dataclass(frozen=True)
class Family:
    """A family of models: how it is configured and built, and which of its attentions are read as its look.

    `build` takes the settings, then the sizes that the task knows: vocabularies, classes. `looks` is a pattern of
    module names, as `heedful.record` takes it.
    """

    config: type[BaseModel]
    build: Callable[..., nn.Module]
    looks: str = "*"


@dataclass(frozen=True)
class Name:
    """A model that can be asked for by name.

    `train` and `data` hold settings that serve it better than the general ones.
    """

    family: Family
    preset: BaseModel
    summary: str
    paper: Paper
    train: Mapping[str, Any] = field(default_factory=dict[str, Any])
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class Models:
    """The models of one task, other names for them, and which is meant where nobody says."""

    names: Mapping[str, Name]
    default: str
    aliases: Mapping[str, str] = field(default_factory=dict[str, str])

    def named(self, name: str) -> tuple[str, Name]:
        """The entry of a name, and the name it goes by here ("bahdanau" is "rnnsearch").

        Raises: UserError for an unknown name, with the likeliest.
        """
        known = self.aliases.get(name, name)
        if known not in self.names:
            raise UserError(f"no model is called {name!r}", hint=did_you_mean(name, [*self.names, *self.aliases]))
        return known, self.names[known]
