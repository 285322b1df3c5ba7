"""``heedful pretrain``: pretrains a classifier on unlabelled texts."""

from pathlib import Path
from typing import Annotated

import typer

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
    model: Annotated[str | None, typer.Option(help="autoencoder or next-word. [default: next-word]")] = None,
    config: Annotated[Path | None, typer.Option(help="A YAML file of settings, such as that of a run folder.")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="A.B=C", help="Change a setting, as in model.hidden=256; may be repeated."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The run folder. [default: runs/pretrain-MODEL]")] = None,
    devices: Annotated[
        int | None, typer.Option(help="Number of processes on this machine, one per GPU if there are GPUs.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue the interrupted run in the folder.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the run that the folder holds.")] = False,
    list_settings: Annotated[
        bool, typer.Option("--settings", help="Print all settings as YAML, with meaning and range, and do not train.")
    ] = False,
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
    )
