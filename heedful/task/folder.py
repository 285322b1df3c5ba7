"""Writes and reads the files that every run folder has, whatever the task. Nothing in a run folder is executed."""

import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any, TypeVar

from torch import nn

from heedful.errors import UserError, did_you_mean
from heedful.store import (
    check_folder,
    load_module,
    make_folder,
    read_yaml,
    save_tensors,
    write_text_atomically,
    write_yaml,
)
from heedful.task.config import RunConfig
from heedful.task.settings import check_settings
from heedful.task.tasks import NAMES, task_named
from heedful.train.checkpoint import METRICS, SNAPSHOTS, TRAINING
from heedful.train.curve import CURVE
from heedful.train.loggers import LOG

if TYPE_CHECKING:
    from heedful.task.base import Part, Predictor, Task, Usage

CONFIG, WEIGHTS, README = "config.yaml", "model.safetensors", "README.md"
_WRITTEN = (CONFIG, WEIGHTS, README, TRAINING, METRICS, SNAPSHOTS, CURVE, LOG, "folds.json")
_PARTS = ("source", "target", "shared", "text", "symbols")
_OF_PICTURES = ("picture.json", "features.json")

C = TypeVar("C", bound=RunConfig)
M = TypeVar("M", bound=nn.Module)


def save_config(config: RunConfig, folder: Path) -> None:
    """Writes the settings."""
    write_yaml(folder / CONFIG, config.model_dump(mode="json"))


def save_parts(folder: Path, config: RunConfig, parts: "Mapping[str, Part]") -> None:
    """Writes a run's parts and then its settings.

    Raises: UserError, when a file cannot be written.
    """
    make_folder(folder)
    for name, part in parts.items():
        part.save(folder, name)
    # Last, because the settings mark the parts as complete when a run is resumed.
    save_config(config, folder)


def save_predictor(predictor: "Predictor[Any]", folder: Path) -> None:
    """Writes a complete run folder, except for the files that are only needed to resume training.

    Raises: UserError, when a file cannot be written.
    """
    save_parts(folder, predictor.config, predictor.parts)
    save_readme(folder, predictor.config, predictor.task.usage)
    save_tensors(folder / WEIGHTS, predictor.model.state_dict())


def delete_run(folder: Path) -> None:
    """Deletes what a run has written to its folder, also of a cross-validation; other files stay.

    Raises: UserError, when a file cannot be deleted.
    """
    if not (folder / CONFIG).exists() and not (folder / TRAINING).exists():
        return
    # A tokeniser of another kind has files of other names, so that those of the old run would not be replaced.
    parts = (f"{name}.{suffix}" for name in _PARTS for suffix in ("model", "tokeniser.json", "vocab.json"))
    try:
        for path in (folder / name for name in (*_WRITTEN, *_OF_PICTURES, *parts)):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        for fold in folder.glob("fold-*"):
            delete_run(fold)
    except OSError as error:
        raise UserError(f"cannot delete this run: {error.strerror or error}", where=str(folder)) from None


def wait_for_deletion(folder: Path, *, seconds: float = 60.0) -> None:
    """Waits until another process has deleted the run in a folder, as far as training reads it.

    Raises: UserError, when the run is still there after these seconds.
    """
    end = time.monotonic() + seconds
    while any(path.exists() for path in (folder / TRAINING, *folder.glob(f"fold-*/{TRAINING}"))):
        if time.monotonic() > end:
            raise UserError("the first process has not deleted the run in this folder", where=str(folder))
        time.sleep(0.05)


def with_weights(model: M, folder: Path, device: str) -> M:
    """Loads the weights of a run folder into the model; returns it on the device, in evaluation mode.

    Raises: UserError, when the weights are missing or damaged.
    """
    check_folder(folder, [WEIGHTS])
    load_module(model, folder / WEIGHTS)
    return model.to(device).eval()


def task_of(folder: Path) -> str:
    """The name of the task that a run folder was made for.

    Raises: UserError, when the folder is missing, is not a run folder, or its settings are damaged.
    """
    check_folder(folder, [CONFIG])
    # Translation was the first task. Run folders from before there were others do not name it.
    return str(read_yaml(folder / CONFIG).get("task", "translate"))


def task_of_run(folder: Path) -> "Task[Any, Any]":
    """The task that a run folder was made for.

    Raises: UserError, as `task_of`, and for a task that is not part of this package.
    """
    name = task_of(folder)
    if name not in NAMES:
        likely = did_you_mean(name, NAMES)
        raise UserError(
            f"no task is called {name!r}",
            where=str(folder),
            hint=f"{likely}; pass a task of your own in Python: heedful.load(folder, task=MyTask)",
        )
    return task_named(name)


def load_settings(kind: type[C], folder: Path) -> C:
    """Reads the settings of a run folder.

    Raises: UserError, when the folder is missing, is not a run folder, or its settings are damaged.
    """
    check_folder(folder, [CONFIG])
    return check_settings(kind, read_yaml(folder / CONFIG), where=str(folder / CONFIG))


def save_readme(folder: Path, config: RunConfig, usage: "Usage", *, results: Mapping[str, Any] | None = None) -> None:
    """Writes the README of a run: what it is, its results, and the next commands."""
    table = [
        "| result | |",
        "|---|---|",
        *(f"| {_cell(name)} | {_cell(value)} |" for name, value in (results or {}).items()),
        "",
    ]
    commands = [f"    {command}" for command in usage.next_commands(quote(str(folder)))]
    lines = [
        f"# {config.model_name}: {usage.made} made with heedful",
        "",
        *_custom(config),
        *_settled(config),
        *(table if results else []),
    ]
    lines += [f"{usage.intro}:", "", *commands, ""]
    if usage.python is not None:
        name, call = usage.python
        lines += [
            "From Python:",
            "",
            "    import heedful",
            f"    {name} = heedful.load({str(folder)!r})",
            f"    {call}",
            "",
        ]
    # A name in another encoding than UTF-8 has characters that cannot be written.
    text = "\n".join([*lines, *_CONTENTS, ""]).encode("utf-8", "backslashreplace").decode()
    write_text_atomically(folder / README, text)


def _custom(config: RunConfig) -> list[str]:
    """A sentence about the user's own code in a run."""
    named = " and ".join(f"the {what} `{name}`" for what, name in config.custom.items())
    return [f"Code of the user in this run: {named}. Whoever loads the run passes it again.", ""] if named else []


def _settled(config: RunConfig) -> list[str]:
    """A paragraph about settings derived from the training files, such as the labels; long lists are shortened."""
    plain, entries = config.model_dump(), []
    for path in config.settled:
        value: Any = plain
        for name in path.split("."):
            value = value[name]
        items = [str(item) for item in value] if isinstance(value, tuple | list) else [str(value)]
        listed = ", ".join(items[:_LISTED]) + (" and others" if len(items) > _LISTED else "")
        entries += [f"{path} {listed}"] if listed else []
    return [f"From the training files: {'; '.join(entries)}.", ""] if entries else []


_LISTED = 8  # the most labels that a README lists
_CONTENTS = (
    "`config.yaml` has all settings, `model.safetensors` the weights, `metrics.jsonl` the log of training, and",
    "`curve.svg` its loss and validation metric.",
    "The folder may be moved or copied; `training.safetensors` and `checkpoints/` are only needed to resume training.",
)


def _cell(value: Any) -> str:
    """A value as a cell of a Markdown table, in which a bar, as in the signatures of sacrebleu, would end the cell."""
    text = f"{value:.4g}" if isinstance(value, float) else " ".join(str(value).split())
    return text.replace("|", r"\|")
