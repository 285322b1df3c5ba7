"""``heedful train``: trains a model on the user's files."""

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer

from heedful.cli.app import app
from heedful.cli.arguments import FILES_HELP, HELD_OUT, TASK_HELP
from heedful.cli.options import task_options, with_task_options
from heedful.cli.program import as_typed, program
from heedful.cli.stopped import Stopped

if TYPE_CHECKING:
    from heedful.task.base import Task, Trained


@app.command()
@with_task_options("train")
def train(  # noqa: PLR0913, PLR0917 - its parameters are its options
    task: Annotated[str, typer.Argument(help=f"The task: {TASK_HELP}.", show_default=False)],
    train: Annotated[
        list[Path] | None, typer.Option("--train", metavar="FILE [FILE]", help=f"Training files: {FILES_HELP}.")
    ] = None,
    valid: Annotated[
        list[Path] | None,
        typer.Option("--valid", metavar="FILE [FILE]", help=f"Validation files. [default: {HELD_OUT}]"),
    ] = None,
    test: Annotated[
        list[Path] | None, typer.Option("--test", metavar="FILE [FILE]", help="Test files, to score the result.")
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="A model from `heedful models`. [default: that of the task]")
    ] = None,
    config: Annotated[Path | None, typer.Option(help="A YAML file of settings, such as that of a run folder.")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="A.B=C", help="Change a setting, as in model.dropout=0.1; may be repeated."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The run folder. [default: runs/TASK-MODEL]")] = None,
    devices: Annotated[
        int | None, typer.Option(help="Number of processes on this machine, one per GPU if there are GPUs.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue the interrupted run in the folder.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the run that the folder holds.")] = False,
    list_settings: Annotated[
        bool, typer.Option("--settings", help="Print all settings as YAML, with meaning and range, and do not train.")
    ] = False,
    folds: Annotated[int | None, typer.Option(min=2, help="Cross-validate with this many folds.")] = None,
    **options: Any,
) -> None:
    """Train a model on your own files and write a run folder."""
    from heedful.cli.output import shown_training
    from heedful.machine import keep_large_buffers
    from heedful.task import fit, task_named
    from heedful.task.settings import join_settings, parse_settings

    kind = task_named(task)
    options = task_options(kind, "train", options)
    on_devices = {"train": {"devices": devices}} if devices else {}
    changes = join_settings(on_devices, parse_settings(settings or []))
    if list_settings:
        _print_settings(task, model, join_settings(_files(train, valid, test), changes), config=config, options=options)
        return
    keep_large_buffers()
    trained = fit(
        task,
        train or (),
        valid=valid or (),
        test=test or (),
        model=model,
        settings=changes,
        config=config,
        out=out,
        resume=resume,
        overwrite=overwrite,
        folds=folds,
        shown=shown_training(),
        **options,
    )
    # With folds, the run folder of the last fold is inside the one to resume.
    folder = trained.folder.parent if folds else trained.folder
    _end(kind, trained, _again(task, folder, folds))


def _files(train: list[Path] | None, valid: list[Path] | None, test: list[Path] | None) -> dict[str, Any]:
    """The settings of the files that were given."""
    files = {"train": train, "valid": valid, "test": test}
    return {"data": {name: [str(path) for path in paths] for name, paths in files.items() if paths}}


def _print_settings(
    task: str, model: str | None, changes: dict[str, Any], *, config: Path | None, options: dict[str, Any]
) -> None:
    """Prints all settings that a run would have."""
    from heedful.task.commands import settings_of
    from heedful.task.settings_text import settings_text

    print(settings_text(settings_of(task, model=model, settings=changes, config=config, **options)), end="")


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
