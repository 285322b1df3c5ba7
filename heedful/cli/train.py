"""``heedful train``: trains a model on the user's files."""

from collections.abc import Mapping
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer

from heedful.cli import train_options as options_of
from heedful.cli.app import app
from heedful.cli.options import task_options, with_task_options
from heedful.cli.program import as_typed, program
from heedful.cli.stopped import Stopped

if TYPE_CHECKING:
    from heedful.task.base import Task, Trained


@app.command()
@with_task_options("train")
def train(  # noqa: PLR0913, PLR0917 - its parameters are its options
    task: options_of.TaskName,
    train: options_of.TrainFiles = None,
    valid: options_of.ValidFiles = None,
    test: options_of.TestFiles = None,
    model: options_of.ModelName = None,
    config: options_of.Config = None,
    settings: options_of.Settings = None,
    out: options_of.Out = None,
    devices: options_of.Devices = None,
    resume: options_of.Resume = False,
    overwrite: options_of.Overwrite = False,
    list_settings: options_of.ListSettings = False,
    dry_run: options_of.DryRun = False,
    log: options_of.Log = None,
    folds: Annotated[int | None, typer.Option(min=2, help="Cross-validate with this many folds.")] = None,
    **options: Any,
) -> None:
    """Train a model on your own files and write a run folder."""
    from heedful.machine import keep_large_buffers
    from heedful.task import fit, task_named

    kind = task_named(task)
    common: dict[str, Any] = {
        "model": model,
        "settings": options_of.changes(settings, devices=devices, log=log),
        "config": config,
        **task_options(kind, "train", options),
    }
    files = {"train": train or (), "valid": valid or (), "test": test or ()}
    if list_settings:
        return _print_settings(task, files, common)
    keep_large_buffers()
    if dry_run:
        return _print_plan(task, files, common)
    from heedful.cli.output import shown_training

    where = {"out": out, "resume": resume, "overwrite": overwrite, "folds": folds}
    trained = fit(task, **files, **where, shown=shown_training(), **common)
    # With folds, the run folder of the last fold is inside the one to resume.
    folder = trained.folder.parent if folds else trained.folder
    return _end(kind, trained, _again(task, folder, folds))


def _print_settings(task: str, files: Mapping[str, Any], common: dict[str, Any]) -> None:
    """Prints all settings that a run would have."""
    from heedful.task.commands import settings_of
    from heedful.task.settings import join_settings
    from heedful.task.settings_text import settings_text

    named = {"data": {name: [str(path) for path in paths] for name, paths in files.items() if paths}}
    common["settings"] = join_settings(named, common["settings"])
    print(settings_text(settings_of(task, **common)), end="")


def _print_plan(task: str, files: Mapping[str, Any], common: Mapping[str, Any]) -> None:
    """Prints what a run would do."""
    from heedful.cli.output import result_lines, tell
    from heedful.task.commands import plan

    print(result_lines(plan(task, **files, say=tell, **common)))


def _again(task: str, folder: Path, folds: int | None) -> str:
    """The command that resumes a run. The folder has everything it needs except the number of folds."""
    return f"{program()} train {task} --resume --out {quote(str(folder))}" + (f" --folds {folds}" if folds else "")


def _end(task: "Task[Any, Any]", trained: "Trained", again: str) -> None:
    """Prints the results and the next commands, or how to resume an interrupted run."""
    from heedful.cli.output import result_lines, tell

    if trained.fit.exit_status:
        raise Stopped(
            f"stopped at step {trained.fit.steps}; the state is saved. Continue with: {again}",
            status=trained.fit.exit_status,
        )
    # Only rank 0 has results.
    if trained.ranks.rank:
        return
    print(result_lines(trained.results))
    tell("\nnext:")
    for command in task.usage.next_commands(quote(str(trained.folder))):
        tell(f"  {as_typed(command)}")
