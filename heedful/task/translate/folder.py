"""A translator's run folder: tokenisers, settings, README."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import nn

from heedful.data.tokenise import Tokeniser, load_tokeniser
from heedful.task.folder import load_settings, python_usage, quoted, save_parts, save_readme
from heedful.task.translate.config import TranslateConfig
from heedful.task.translate.models import MODELS


def save_texts(
    folder: Path, config: TranslateConfig, results: Mapping[str, Any], *, source: Tokeniser, target: Tokeniser
) -> None:
    """Writes all of a run folder but the weights: tokenisers, settings, README with results.

    Raises: UserError, when a file cannot be written.
    """
    save_parts(folder, config, dict(zip(tokeniser_names(config), (source, target), strict=True)))
    write_readme(folder, config, results)


def load_tokenisers(folder: Path, config: TranslateConfig) -> tuple[Tokeniser, Tokeniser]:
    """The tokenisers of source and target that lie in a run folder.

    Raises: UserError, when one is missing or damaged.
    """
    source, target = (load_tokeniser(folder, name) for name in tokeniser_names(config))
    return source, target


def tokeniser_names(config: TranslateConfig) -> tuple[str, str]:
    """The names under which the source's and the target's tokenisers lie in the folder."""
    return ("shared", "shared") if config.data.shared else ("source", "target")


def load_config(folder: Path) -> TranslateConfig:
    """Reads the settings of a run folder.

    Raises: UserError, when the folder is missing, is no run folder, or its settings are damaged.
    """
    return load_settings(TranslateConfig, folder)


def build_model(config: TranslateConfig, source_size: int, target_size: int) -> nn.Module:
    """The model that the settings describe, with fresh weights."""
    entry = MODELS.named(config.model.name)[1]
    return entry.family.build(config.model.settings, source_size, target_size)


def write_readme(folder: Path, config: TranslateConfig, results: Mapping[str, Any]) -> None:
    """Writes what the run is, what it reached, and the next commands."""
    usage = [
        "Translate a file, one sentence a line, or see where it looks:",
        "",
        f"    heedful predict {quoted(folder)} FILE > OUT",
        f'    heedful show {quoted(folder)} "a sentence"',
        "",
        *python_usage(folder, "translator", 'print(translator.predict(["a sentence"])[0].text)'),
    ]
    save_readme(folder, title=f"{config.model.name}: a translator made with heedful", results=results, usage=usage)
