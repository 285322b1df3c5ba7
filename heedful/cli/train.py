"""``heedful train``: own files in, a run folder out."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer

from heedful.cli.app import app
from heedful.cli.arguments import FILES_HELP, TASK_HELP
from heedful.cli.stopped import Stopped

if TYPE_CHECKING:
    from heedful.task.base import Task, Trained
    from heedful.task.config import RunConfig


@app.command()
def train(  # noqa: PLR0913, PLR0917 - its parameters are its options
    task: Annotated[str, typer.Argument(help=f"What to learn: {TASK_HELP}.", show_default=False)],
    train: Annotated[
        list[Path] | None, typer.Option("--train", metavar="FILE [FILE]", help=f"What to learn from: {FILES_HELP}.")
    ] = None,
    valid: Annotated[
        list[Path] | None, typer.Option("--valid", metavar="FILE [FILE]", help="To choose the best weights by.")
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
    from heedful.task import task_named

    kind = task_named(task)
    options = own_options(kind, "train", valid_alignments=valid_alignments, vectors=vectors, folds=folds, start=start)
    keep_large_buffers()
    given: dict[str, Any] = {"data": {}, "train": {}, "model": {}}
    given["data"] |= {k: [str(p) for p in v] for k, v in (("train", train), ("valid", valid), ("test", test)) if v}
    given["data"] |= {"vectors": str(vectors)} if vectors else {}
    given |= {"start": str(start)} if start else {}
    given["model"] |= {"name": model} if model else {}
    given["train"] |= {"devices": devices} if devices else {}
    chosen, folder = _settings(kind, given, config=config, words=settings or [], out=out, resume=resume)
    trained = kind.train(chosen, folder, resume=resume, shown=shown_training(), options=options)
    if trained.fit.exit_status:
        raise Stopped(
            f"stopped at step {trained.fit.steps}; all of it is saved. Go on with: {_again(task, folder, options)}",
            status=trained.fit.exit_status,
        )
    if trained.ranks.rank == 0:
        _tell_results(kind, trained, trained.folder or folder)


def _again(task: str, folder: Path, options: Mapping[str, Any]) -> str:
    """The command that goes on with a run: the task's own options are not in its folder."""
    own = "".join(f" --{name.replace('_', '-')} {quote(str(value))}" for name, value in options.items())
    return f"heedful train {task} --resume --out {quote(str(folder))}{own}"


def _settings(
    task: "Task", given: dict[str, Any], *, config: Path | None, words: Sequence[str], out: Path | None, resume: bool
) -> "tuple[RunConfig, Path]":
    """All layers of settings in one, and the run folder."""
    from heedful.task.config import make_settings, read_settings
    from heedful.task.folder import CONFIG
    from heedful.task.settings import parse_settings

    layers = [read_settings(config, task.name)] if config else []
    layers += [given, parse_settings(words)]
    name = make_settings(task.config, *layers, where=str(config) if config else None).model_name
    folder = out or Path("runs") / f"{task.name}-{name}"
    if resume and (folder / CONFIG).exists():
        layers.insert(0, read_settings(folder / CONFIG, task.name))
    return make_settings(task.config, *layers, where=str(config or folder / CONFIG)), folder


def _tell_results(task: "Task", trained: "Trained", folder: Path) -> None:
    from heedful.cli.output import result_lines, tell

    print(result_lines(trained.results))
    tell("\nnext:")
    for command in task.next_commands(quote(str(folder))):
        tell(f"  {command}")
