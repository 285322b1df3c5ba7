"""A parser's run folder: known words, symbols, settings, README; and the model that they describe."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import nn

from heedful.data.tree import Linear
from heedful.data.tree.words import KnownWords
from heedful.layer.word import FeatureEmbedding
from heedful.model.transformer import TransformerConfig
from heedful.task.folder import load_settings, python_usage, quoted, save_parts, save_readme
from heedful.task.parse.config import TAGS, ParseConfig
from heedful.task.parse.models import MODELS
from heedful.task.parse.symbols import Symbols

_WORDS, _SYMBOLS = "source", "target"


def save_texts(folder: Path, config: ParseConfig, words: KnownWords, *, symbols: Symbols) -> None:
    """Writes all of a run folder but the weights.

    Raises: UserError, when a file cannot be written.
    """
    save_parts(folder, config, {_WORDS: words, _SYMBOLS: symbols})
    write_readme(folder, config, {})


def load_texts(folder: Path, config: ParseConfig) -> tuple[KnownWords, Symbols]:
    """The known words and symbols that lie in a run folder.

    Raises: UserError, when a file is missing or damaged.
    """
    return KnownWords.load(folder, _WORDS), Symbols.load(folder, _SYMBOLS, linear_of(config))


def load_config(folder: Path) -> ParseConfig:
    """Reads the settings of a run folder.

    Raises: UserError, when the folder is missing, is no run folder, or its settings are damaged.
    """
    return load_settings(ParseConfig, folder)


def linear_of(config: ParseConfig) -> Linear:
    """How trees become symbols."""
    return Linear(TAGS[config.data.tags])


def build_model(config: ParseConfig, words: KnownWords, symbols: Symbols) -> nn.Module:
    """The model that the settings describe, with fresh weights."""
    entry, settings = MODELS.named(config.model.name)[1], config.model.settings
    is_transformer = isinstance(settings, TransformerConfig)
    width = settings.width if is_transformer else settings.embed
    source_words = FeatureEmbedding(
        words.features(),
        width,
        hidden_as=words.hidden_as(),
        hiding=words.hiding(config.data.words.hide),
        scale=width**0.5 if is_transformer else 1.0,
    )
    return entry.family.build(
        settings, source_words, symbols.size, advances=symbols.moving()
    )  # fmt: skip


def write_readme(folder: Path, config: ParseConfig, results: Mapping[str, Any]) -> None:
    """Writes what the run is, what it reached, and the next commands."""
    usage = [
        "Parse a file, one sentence a line, or see a tree and where the model looked for it:",
        "",
        f"    heedful predict {quoted(folder)} FILE > OUT",
        f'    heedful show {quoted(folder)} "a sentence"',
        "",
        *python_usage(folder, "parser", 'print(parser.predict(["A sentence ."])[0].tree)'),
    ]
    save_readme(folder, title=f"{config.model.name}: a parser made with heedful", results=results, usage=usage)
