"""A run folder: what is in it whatever the task, how it is written and read. Nothing in it is ever executed."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from shlex import quote
from typing import Any, Protocol, TypeVar, runtime_checkable

from torch import nn

from heedful.store import check_folder, load_module, read_yaml, write_text_atomically, write_yaml
from heedful.task.config import RunConfig
from heedful.task.settings import check_settings

CONFIG, WEIGHTS, README = "config.yaml", "model.safetensors", "README.md"

C = TypeVar("C", bound=RunConfig)
M = TypeVar("M", bound=nn.Module)


def save_config(config: RunConfig, folder: Path) -> None:
    """Writes the settings."""
    write_yaml(folder / CONFIG, config.model_dump(mode="json"))


@runtime_checkable
class Kept(Protocol):
    """What lies in a run folder under a name, such as a tokeniser."""

    def save(self, folder: Path, name: str) -> None:
        """Writes files ``folder/name.*``."""
        ...


def save_parts(folder: Path, config: RunConfig, parts: Mapping[str, Kept]) -> None:
    """Writes what a run needs beside its weights: its parts by name and the settings, last: where they are, all is.

    Raises: UserError, when a file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, part in parts.items():
        part.save(folder, name)
    save_config(config, folder)


def with_weights(model: M, folder: Path, device: str) -> M:
    """The model with the weights of a run folder, on the device, ready to answer.

    Raises: UserError, when they are missing or damaged.
    """
    check_folder(folder, [WEIGHTS])
    load_module(model, folder / WEIGHTS)
    return model.to(device).eval()


def task_of(folder: Path) -> str:
    """The task that a run folder was made for.

    Raises: UserError, when the folder is missing, is no run folder, or its settings are damaged.
    """
    check_folder(folder, [CONFIG])
    return str(read_yaml(folder / CONFIG).get("task", "translate"))


def load_settings(kind: type[C], folder: Path) -> C:
    """Reads the settings of a run folder.

    Raises: UserError, when the folder is missing, is no run folder, or its settings are damaged.
    """
    check_folder(folder, [CONFIG])
    return check_settings(kind, read_yaml(folder / CONFIG), where=str(folder / CONFIG))


def save_readme(folder: Path, *, title: str, results: Mapping[str, Any], usage: Sequence[str]) -> None:
    """Writes what the run is, what it reached, and the next commands: `usage`, lines of Markdown."""
    table = ["| result | |", "|---|---|", *(f"| {name} | {_cell(value)} |" for name, value in results.items()), ""]
    lines = [f"# {title}", "", *(table if results else []), *usage, "", *_CONTENTS, ""]
    write_text_atomically(folder / README, "\n".join(lines))


def python_usage(folder: Path, name: str, call: str) -> list[str]:
    """The lines that show how the folder is used from Python: `name` is the object, `call` what to do with it."""
    return ["From Python:", "", "    import heedful", f"    {name} = heedful.load({str(folder)!r})", f"    {call}"]


def quoted(folder: Path) -> str:
    """The folder's name as a shell wants it."""
    return quote(str(folder))


_CONTENTS = (
    "`config.yaml` has all settings, `model.safetensors` the weights, `metrics.jsonl` the course of training.",
    "The folder may be moved or copied; `training.safetensors` and `checkpoints/` only serve to go on training.",
)


def _cell(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
