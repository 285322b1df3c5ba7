"""A translator's run folder: what is in it, how it is written and read. Nothing in it is ever executed."""

from collections.abc import Mapping
from pathlib import Path
from shlex import quote
from typing import Any

from torch import nn

from heedful.data.tokenise import Tokeniser, load_tokeniser
from heedful.store import check_folder, read_yaml, write_text_atomically, write_yaml
from heedful.task.config import TranslateConfig
from heedful.task.names import model_named
from heedful.task.settings import check_settings

CONFIG, WEIGHTS, README = "config.yaml", "model.safetensors", "README.md"


def save_texts(
    folder: Path, config: TranslateConfig, results: Mapping[str, Any], *, source: Tokeniser, target: Tokeniser
) -> None:
    """Writes all of a run folder but the weights: tokenisers, settings, README with results.

    Raises: UserError, when a file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for tokeniser, name in zip((source, target), tokeniser_names(config), strict=True):
        tokeniser.save(folder, name)
    save_config(config, folder)  # after the tokenisers: where it is, they are
    save_readme(config, folder, results)


def load_tokenisers(folder: Path, config: TranslateConfig) -> tuple[Tokeniser, Tokeniser]:
    """The tokenisers of source and target that lie in a run folder.

    Raises: UserError, when one is missing or damaged.
    """
    source, target = (load_tokeniser(folder, name) for name in tokeniser_names(config))
    return source, target


def tokeniser_names(config: TranslateConfig) -> tuple[str, str]:
    """The names under which the source's and the target's tokenisers lie in the folder."""
    return ("shared", "shared") if config.data.shared else ("source", "target")


def save_config(config: TranslateConfig, folder: Path) -> None:
    """Writes the settings."""
    write_yaml(folder / CONFIG, config.model_dump(mode="json"))


def load_config(folder: Path) -> TranslateConfig:
    """Reads the settings of a run folder.

    Raises: UserError, when the folder is missing, is no run folder, or its settings are damaged.
    """
    check_folder(folder, [CONFIG])
    return check_settings(TranslateConfig, read_yaml(folder / CONFIG), where=str(folder / CONFIG))


def build_model(config: TranslateConfig, source_size: int, target_size: int) -> nn.Module:
    """The model that the settings describe, with fresh weights."""
    entry = model_named(config.model.name)[1]
    return entry.family.build(config.model.settings, source_size, target_size)


def save_readme(config: TranslateConfig, folder: Path, results: Mapping[str, Any]) -> None:
    """Writes what the run is, what it reached, and the next commands."""
    write_text_atomically(folder / README, _readme(config, folder, results))


def _readme(config: TranslateConfig, folder: Path, results: Mapping[str, Any]) -> str:
    lines = [f"# {config.model.name}: a translator made with heedful", ""]
    if results:
        lines += ["| result | |", "|---|---|", *(f"| {name} | {_cell(value)} |" for name, value in results.items()), ""]
    lines += [
        "Translate a file, one sentence a line, or see where it looks:",
        "",
        f"    heedful predict {quote(str(folder))} FILE > OUT",
        f'    heedful show {quote(str(folder))} "a sentence"',
        "",
        "From Python:",
        "",
        "    import heedful",
        f"    translator = heedful.load({str(folder)!r})",
        '    print(translator.predict(["a sentence"])[0].text)',
        "",
        "`config.yaml` has all settings, `model.safetensors` the weights, `metrics.jsonl` the course of training.",
        "The folder may be moved or copied; `training.safetensors` and `checkpoints/` only serve to go on training.",
        "",
    ]
    return "\n".join(lines)


def _cell(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
