"""A partner's run folder: tokeniser, settings, README."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import nn

from heedful.data.dialogue import MarkedTokeniser
from heedful.data.tokenise import load_tokeniser
from heedful.task.chat.config import ChatConfig
from heedful.task.chat.models import MODELS
from heedful.task.folder import python_usage, quoted, save_parts, save_readme

TOKENISER = "text"
"""The name under which the tokeniser lies in the folder."""


def build_model(config: ChatConfig, tokeniser: MarkedTokeniser) -> nn.Module:
    """The model that the settings describe, with fresh weights. It reads marks and never says one."""
    build = MODELS.named(config.model.name)[1].family.build
    return build(config.model.settings, tokeniser.size, tokeniser.base.size)


def save_texts(folder: Path, config: ChatConfig, tokeniser: MarkedTokeniser) -> None:
    """Writes all of a run folder but the weights: tokeniser, settings, README.

    Raises: UserError, when a file cannot be written.
    """
    save_parts(folder, config, {TOKENISER: tokeniser})
    write_readme(folder, config, {})


def write_readme(folder: Path, config: ChatConfig, results: Mapping[str, Any]) -> None:
    """Writes what the run is, what it reached, and the next commands."""
    usage = [
        "Talk to it, reply to a file of contexts, or see where it looks:",
        "",
        f"    heedful chat {quoted(folder)}",
        f"    heedful predict {quoted(folder)} FILE > OUT",
        f'    heedful show {quoted(folder)} "a turn" "the reply to it" "the next turn"',
        "",
        *python_usage(folder, "partner", 'print(partner.predict([["a turn"]])[0].text)'),
    ]
    save_readme(
        folder, title=f"{config.model.name}: a partner in talk, made with heedful", results=results, usage=usage
    )


def load_marked(folder: Path) -> MarkedTokeniser:
    """The tokeniser of a run folder.

    Raises: UserError, when it is missing or damaged.
    """
    return MarkedTokeniser(load_tokeniser(folder, TOKENISER))
