"""The options of `heedful train` and `heedful pretrain`, as annotated types."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from heedful.cli.arguments import FILES_HELP, HELD_OUT, TASK_HELP, check_choice
from heedful.task.tasks import NAMES

LOGS = ("csv", "tensorboard", "wandb")


def complete_task(incomplete: str) -> Iterator[str]:
    """The tasks whose names begin with what was typed."""
    yield from (name for name in NAMES if name.startswith(incomplete))


def complete_model(ctx: typer.Context, incomplete: str) -> Iterator[tuple[str, str]]:
    """The models of the task on the command line that begin with what was typed, with their summaries."""
    from heedful.task import task_named

    # After an option without a value, as at this moment, the words are not parsed. `pretrain` is also a command.
    words = (ctx.params.get("task"), *ctx.args, ctx.info_name)
    task = next((word for word in words if word in NAMES), None)
    if task is not None:
        for name, entry in task_named(task).models.names.items():
            if name.startswith(incomplete):
                yield name, entry.summary


def complete_log(incomplete: str) -> Iterator[str]:
    """The loggers whose names begin with what was typed."""
    yield from (name for name in LOGS if name.startswith(incomplete))


def _known_log(word: str | None) -> str | None:
    if word is not None:
        check_choice(word, LOGS, "logger")
    return word


TaskName = Annotated[
    str, typer.Argument(help=f"The task: {TASK_HELP}.", show_default=False, autocompletion=complete_task)
]
TrainFiles = Annotated[
    list[Path] | None, typer.Option("--train", metavar="FILE [FILE]", help=f"Training files: {FILES_HELP}.")
]
ValidFiles = Annotated[
    list[Path] | None,
    typer.Option("--valid", metavar="FILE [FILE]", help=f"Validation files. [default: {HELD_OUT}]"),
]
TestFiles = Annotated[
    list[Path] | None, typer.Option("--test", metavar="FILE [FILE]", help="Test files, to score the result.")
]
ModelName = Annotated[
    str | None,
    typer.Option(help="A model from `heedful models`. [default: that of the task]", autocompletion=complete_model),
]
Config = Annotated[Path | None, typer.Option(help="A YAML file of settings, such as that of a run folder.")]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="A.B=C", help="Change a setting, as in model.dropout=0.1; may be repeated."),
]
Out = Annotated[Path | None, typer.Option(help="The run folder. [default: runs/TASK-MODEL]")]
Devices = Annotated[
    int | None, typer.Option(help="Number of processes on this machine, one per GPU if there are GPUs.")
]
Resume = Annotated[bool, typer.Option("--resume", help="Continue the interrupted run in the folder.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace the run that the folder holds.")]
ListSettings = Annotated[
    bool, typer.Option("--settings", help="Print all settings as YAML, with meaning and range, and do not train.")
]
DryRun = Annotated[
    bool,
    typer.Option("--dry-run", help="Read the data, build the model, print sizes, steps and memory, and do not train."),
]
Log = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help=f"Log the numbers of training with {', '.join(LOGS[:-1])} or {LOGS[-1]}, too.",
        callback=_known_log,
        autocompletion=complete_log,
    ),
]


def changes(settings: list[str] | None, *, devices: int | None, log: str | None) -> dict[str, Any]:
    """The settings that options stand for."""
    from heedful.task.settings import join_settings, parse_settings

    train: dict[str, Any] = {"devices": devices} if devices else {}
    train |= {"log": log} if log else {}
    return join_settings({"train": train} if train else {}, parse_settings(settings or []))
