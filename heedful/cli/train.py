"""``heedful train``: own files in, a run folder out."""

from collections.abc import Mapping
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer

from heedful.cli.app import app
from heedful.cli.arguments import FILES_HELP, HELD_OUT, TASK_HELP
from heedful.cli.stopped import Stopped

if TYPE_CHECKING:
    from heedful.task.base import Task, Trained


@app.command()
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
    valid_alignments: Annotated[
        Path | None,
        typer.Option(help="translate: gold links of the validation pairs (Pharaoh); they choose the map to read."),
    ] = None,
    vectors: Annotated[
        Path | None, typer.Option(help="classify, match: word vectors to begin from (text of word2vec or GloVe).")
    ] = None,
    start: Annotated[
        Path | None, typer.Option(metavar="DIR", help="classify: a folder of `heedful train pretrain` to begin from.")
    ] = None,
    folds: Annotated[int | None, typer.Option(min=2, help="classify: cross-validate with so many folds.")] = None,
) -> None:
    """Train a model on your own files and leave a run folder."""
    from heedful.cli.options import own_options
    from heedful.cli.output import shown_training
    from heedful.machine import keep_large_buffers
    from heedful.task import fit, task_named
    from heedful.task.settings import join_settings, parse_settings

    kind = task_named(task)
    options = own_options(kind, "train", valid_alignments=valid_alignments, vectors=vectors, folds=folds, start=start)
    keep_large_buffers()
    own = {"train": {"devices": devices}} if devices else {}
    trained = fit(
        task,
        train or (),
        valid=valid or (),
        test=test or (),
        model=model,
        settings=join_settings(own, parse_settings(settings or [])),
        config=config,
        out=out,
        resume=resume,
        shown=shown_training(),
        **options,
    )
    _end(kind, trained, _again(task, trained.folder, options))


def _again(task: str, folder: Path | None, options: Mapping[str, Any]) -> str:
    """The command that goes on with a run: the task's own options are not in its folder."""
    from heedful.cli.options import spelt

    own = "".join(f" {spelt(name)} {quote(str(value))}" for name, value in options.items())
    return f"heedful train {task} --resume --out {quote(str(folder))}{own}"


def _end(task: "Task", trained: "Trained", again: str) -> None:
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
    for command in task.next_commands(quote(str(trained.folder))):
        tell(f"  {command}")
