"""``heedful pretrain``: texts without labels in, the beginning of a classifier out."""

from pathlib import Path
from typing import Annotated

import typer

from heedful.cli.app import app

_FILES = "a text a line, a table with a column text, or a folder with a text a file; each may be .gz"


@app.command()
def pretrain(  # noqa: PLR0913, PLR0917 - its parameters are its options
    train: Annotated[
        list[Path] | None, typer.Option("--train", metavar="FILE", help=f"Texts without labels: {_FILES}.")
    ] = None,
    valid: Annotated[
        list[Path] | None,
        typer.Option("--valid", metavar="FILE", help="To choose the best weights by. [default: some of training's]"),
    ] = None,
    test: Annotated[list[Path] | None, typer.Option("--test", metavar="FILE", help="To score the result with.")] = None,
    model: Annotated[str | None, typer.Option(help="autoencoder or next-word. [default: next-word]")] = None,
    config: Annotated[Path | None, typer.Option(help="A YAML file of settings, such as a run folder's.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="A.B=C", help="One setting, as in model.hidden=256; repeat.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The run folder. [default: runs/pretrain-MODEL]")] = None,
    devices: Annotated[int | None, typer.Option(help="Processes on this machine, one a GPU if there are any.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where the run in the folder stopped.")] = False,
) -> None:
    """Train words and recurrent layers on text without labels, for a classifier to begin from (SA-LSTM).

    The same as `heedful train pretrain`; then: heedful train classify --start DIR --train FILE.
    """
    from heedful.cli.train import train as run

    run(
        "pretrain",
        train,
        valid,
        test,
        model=model,
        config=config,
        settings=settings,
        out=out,
        devices=devices,
        resume=resume,
    )
