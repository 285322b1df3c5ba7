"""``heedful train``: own files in, a run folder out."""

from collections.abc import Sequence
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer

from heedful.cli.app import app
from heedful.cli.arguments import PAIR_HELP, TASKS, check_choice
from heedful.cli.stopped import Stopped
from heedful.errors import UserError

if TYPE_CHECKING:
    from heedful.task.config import TranslateConfig
    from heedful.task.fit import Texts, Trained


@app.command()
def train(  # noqa: PLR0913, PLR0917 - its parameters are its options
    task: Annotated[str, typer.Argument(help="What to learn: translate.", show_default=False)],
    train: Annotated[
        list[Path] | None, typer.Option("--train", metavar="FILE [FILE]", help=f"Training pairs: {PAIR_HELP}.")
    ] = None,
    valid: Annotated[
        list[Path] | None, typer.Option("--valid", metavar="FILE [FILE]", help="Pairs to choose the best weights by.")
    ] = None,
    test: Annotated[
        list[Path] | None, typer.Option("--test", metavar="FILE [FILE]", help="Pairs to score the result with.")
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="A name that `heedful models` lists. [default: transformer]")
    ] = None,
    config: Annotated[Path | None, typer.Option(help="A YAML file of settings, such as a run folder's.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="A.B=C", help="One setting, as in model.dropout=0.1; repeat.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The run folder. [default: runs/TASK-MODEL]")] = None,
    devices: Annotated[int | None, typer.Option(help="Processes on this machine, one a GPU if there are any.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where the run in the folder stopped.")] = False,
    valid_alignments: Annotated[
        Path | None, typer.Option(help="Gold links of the validation pairs (Pharaoh): they choose the map to read.")
    ] = None,
) -> None:
    """Train a model on your own files and leave a run folder."""
    from heedful.machine import keep_large_buffers

    check_choice(task, TASKS, "task")
    keep_large_buffers()
    given: dict[str, Any] = {"data": {}, "train": {}, "model": {}}
    given["data"] |= {k: [str(p) for p in v] for k, v in (("train", train), ("valid", valid), ("test", test)) if v}
    given["model"] |= {"name": model} if model else {}
    given["train"] |= {"devices": devices} if devices else {}
    chosen, folder = _settings(given, config=config, words=settings or [], out=out, resume=resume)
    trained = _train(chosen, folder, valid_alignments, resume=resume)
    if trained.fit.exit_status:
        raise Stopped(
            f"stopped at step {trained.fit.steps}; all of it is saved. Go on with: "
            f"heedful train {task} --resume --out {quote(str(folder))}",
            status=trained.fit.exit_status,
        )
    if trained.ranks.rank == 0:
        _tell_results(trained, folder)


def _settings(
    given: dict[str, Any], *, config: Path | None, words: Sequence[str], out: Path | None, resume: bool
) -> "tuple[TranslateConfig, Path]":
    """All layers of settings in one, and the run folder."""
    from heedful.task.config import make_config, read_config
    from heedful.task.folder import CONFIG
    from heedful.task.settings import parse_settings

    layers = [read_config(config)] if config else []
    layers += [given, parse_settings(words)]
    name = make_config(*layers, where=str(config) if config else None).model.name
    folder = out or Path("runs") / f"translate-{name}"
    if resume and (folder / CONFIG).exists():
        layers.insert(0, read_config(folder / CONFIG))
    return make_config(*layers, where=str(config or folder / CONFIG)), folder


def _train(config: "TranslateConfig", folder: Path, valid_alignments: Path | None, *, resume: bool) -> "Trained":
    from heedful.cli.output import shown_training
    from heedful.task.fit import train_translator

    return train_translator(config, _texts(config, valid_alignments), folder, resume=resume, shown=shown_training())


def _texts(config: "TranslateConfig", valid_alignments: Path | None) -> "Texts":
    from heedful.data.pairs import read_pairs
    from heedful.data.pharaoh import read_alignments
    from heedful.task.fit import Texts

    for name, files in (("--train", config.data.train), ("--valid", config.data.valid)):
        if not files:
            raise UserError(f"{name} is missing", hint=f"give {PAIR_HELP}")
    train, valid, test = (
        read_pairs([Path(file) for file in files]) if files else []
        for files in (config.data.train, config.data.valid, config.data.test)
    )
    links = read_alignments(valid_alignments) if valid_alignments else None
    return Texts(train, valid, test, links)


def _tell_results(trained: "Trained", folder: Path) -> None:
    from heedful.cli.output import result_lines, tell

    print(result_lines(trained.results))
    tell("\nnext:")
    tell(f"  heedful predict {quote(str(folder))} FILE > OUT")
    tell(f'  heedful show {quote(str(folder))} "a sentence"')
