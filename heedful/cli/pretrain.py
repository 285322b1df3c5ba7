"""``heedful pretrain``: pretrains a classifier on unlabelled texts."""

from pathlib import Path
from typing import Annotated

import typer

from heedful.cli import train_options as options_of
from heedful.cli.app import app

_FILES = "one text per line, a table with a column text, or a folder with one text per file; each may be .gz"


@app.command()
def pretrain(  # noqa: PLR0913, PLR0917 - its parameters are its options
    train: Annotated[
        list[Path] | None, typer.Option("--train", metavar="FILE", help=f"Unlabelled texts: {_FILES}.")
    ] = None,
    valid: Annotated[
        list[Path] | None,
        typer.Option("--valid", metavar="FILE", help="Validation texts. [default: a share of the training texts]"),
    ] = None,
    test: Annotated[
        list[Path] | None, typer.Option("--test", metavar="FILE", help="Test texts, to score the result.")
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(help="autoencoder or next-word. [default: next-word]", autocompletion=options_of.complete_model),
    ] = None,
    config: options_of.Config = None,
    settings: options_of.Settings = None,
    out: Annotated[Path | None, typer.Option(help="The run folder. [default: runs/pretrain-MODEL]")] = None,
    devices: options_of.Devices = None,
    resume: options_of.Resume = False,
    overwrite: options_of.Overwrite = False,
    list_settings: options_of.ListSettings = False,
    dry_run: options_of.DryRun = False,
    log: options_of.Log = None,
) -> None:
    """Train embeddings and recurrent layers on unlabelled text, to initialise a classifier (SA-LSTM).

    The same as `heedful train pretrain`. Then run: heedful train classify --start DIR --train FILE.
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
        overwrite=overwrite,
        list_settings=list_settings,
        dry_run=dry_run,
        log=log,
    )
