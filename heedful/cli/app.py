"""The typer application to which commands add themselves, and the options before every command."""

from typing import Annotated

import typer

import heedful

app = typer.Typer(
    name="heedful",
    help="Attention you can choose, train and see. Start with: heedful demo",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(requested: bool) -> bool:
    if requested:
        print(f"heedful {heedful.__version__}")
        raise typer.Exit
    return requested


@app.callback()
def before(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an error (may be anywhere on the line).")
    ] = False,
) -> None:
    """Options before the command. `--debug` is only here for the help text: `run` takes it off before typer parses."""
