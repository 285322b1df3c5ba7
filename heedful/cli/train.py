"""``heedful train``: own files in, a run folder out."""

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer

from heedful.cli.app import app
from heedful.cli.arguments import FILES_HELP, HELD_OUT, TASK_HELP
from heedful.cli.options import task_options, with_task_options
from heedful.cli.stopped import Stopped

if TYPE_CHECKING:
    from heedful.task.base import Task, Trained


@app.command()
@with_task_options("train")
def train(  # noqa: PLR0913, PLR0917 - its parameters are its options
    task: Annotated[str, typer.Argument(help=f"What to learn: {TASK_HELP}.", show_default=False)],
    train: Annotated[
        list[Path] | None, typer.Option("--train", metavar="FILE [FILE]", help=f"What to learn from: {FILES_HELP}.")
    ] = None,
    valid: Annotated[
        list[Path] | None,
        typer.Option("--valid", metavar="FILE [FILE]", help=f"To choose the best weights by. [default: {HELD_OUT}]"),
    ] = None,
    test: Annotated[
        list[Path] | None, typer.Option("--test", metavar="FILE [FILE]", help="To score the result with.")
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="A name that `heedful models` lists. [default: the task's first]")
    ] = None,
    config: Annotated[Path | None, typer.Option(help="A YAML file of settings, such as a run folder's.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="A.B=C", help="One setting, as in model.dropout=0.1; repeat.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The run folder. [default: runs/TASK-MODEL]")] = None,
    devices: Annotated[int | None, typer.Option(help="Processes on this machine, one a GPU if there are any.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where the run in the folder stopped.")] = False,
    folds: Annotated[int | None, typer.Option(min=2, help="Cross-validate with so many folds.")] = None,
    **options: Any,
) -> None:
    """Train a model on your own files and leave a run folder."""
    from heedful.cli.output import shown_training
    from heedful.machine import keep_large_buffers
    from heedful.task import fit, task_named
    from heedful.task.settings import join_settings, parse_settings

    kind = task_named(task)
    options = task_options(kind, "train", options)
    keep_large_buffers()
    on_devices = {"train": {"devices": devices}} if devices else {}
    trained = fit(
        task,
        train or (),
        valid=valid or (),
        test=test or (),
        model=model,
        settings=join_settings(on_devices, parse_settings(settings or [])),
        config=config,
        out=out,
        resume=resume,
        folds=folds,
        shown=shown_training(),
        **options,
    )
    folder = trained.folder.parent if folds else trained.folder
    _end(kind, trained, _again(task, folder, folds))


def _again(task: str, folder: Path, folds: int | None) -> str:
    """The command that goes on with a run: all that it needs is in its folder, but for the number of folds."""
    return f"heedful train {task} --resume --out {quote(str(folder))}" + (f" --folds {folds}" if folds else "")


def _end(task: "Task[Any, Any]", trained: "Trained", again: str) -> None:
    """Tell the results and what to do next, or how to go on with what was stopped."""
    from heedful.cli.output import result_lines, tell

    if trained.fit.exit_status:
        raise Stopped(
            f"stopped at step {trained.fit.steps}; all of it is saved. Go on with: {again}",
            status=trained.fit.exit_status,
        )
    if trained.ranks.rank:
        return
    print(result_lines(trained.results))
    tell("\nnext:")
    for command in task.usage.next_commands(quote(str(trained.folder))):
        tell(f"  {command}")
