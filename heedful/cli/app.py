"""The application that commands add themselves to, and what stands before every command."""

from typing import Annotated

import typer

import heedful

app = typer.Typer(
    name="heedful",
    help="Attention you can choose, train and see. Start with: heedful demo",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(asked: bool) -> bool:
    if asked:
        print(f"heedful {heedful.__version__}")
        raise typer.Exit
    return asked


@app.callback()
def before(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and leave.")
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show where an error comes from (may stand anywhere).")
    ] = False,
) -> None:
    """What stands before every command; `--debug` is taken off before typer reads the words."""
