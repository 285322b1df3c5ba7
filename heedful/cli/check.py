"""``heedful check``: looks through a file before anyone trains on it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from heedful.cli.app import app
from heedful.cli.arguments import FILES_HELP, TASK_HELP

if TYPE_CHECKING:
    from rich.table import Table

    from heedful.data.report import Report


@app.command()
def check(
    task: Annotated[str, typer.Argument(help=f"What it is for: {TASK_HELP}.", show_default=False)],
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help=f"{FILES_HELP}.", show_default=False)],
    run: Annotated[Path | None, typer.Option(help="Take the tokenisers of this run folder.")] = None,
    config: Annotated[Path | None, typer.Option(help="A YAML file of settings, which says how to tokenise.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="A.B=C", help="One setting, as in data.lowercase=true; repeat.")
    ] = None,
) -> None:
    """Report counts, lengths, unknown words, empty lines and duplicates of a file, with examples."""
    from heedful.cli.output import results
    from heedful.task import task_named
    from heedful.task.config import make_settings, read_settings
    from heedful.task.settings import parse_settings

    kind = task_named(task)
    layers = [read_settings(config, task)] if config else []
    chosen = make_settings(kind.config, *layers, parse_settings(settings or []))
    report = kind.check(files, chosen, None if run is None else kind.load(run, "cpu", {}))
    console = results()
    console.print(_lengths(report))
    console.print(_facts(report))
    for where, lines in report.examples:
        console.print(f"\n{where}", markup=False)
        for line in lines:
            console.print(f"  {line}", markup=False)


def _lengths(report: "Report") -> "Table":
    from rich.table import Table

    from heedful.data.report import PERCENTILES

    table = Table("", "total", *(f"{percent}%" for percent in PERCENTILES), "unknown", box=None, padding=(0, 2, 0, 0))
    for name, side in report.sides.items():
        unknown = f"{side.unknown_rate:.2%}" + (f" ({', '.join(side.unknown)})" if side.unknown else "")
        table.add_row(f"{name} {side.unit}", str(side.total), *map(str, side.percentiles), unknown)
    return table


def _facts(report: "Report") -> "Table":
    from rich.table import Table

    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for name, fact in report.facts.items():
        table.add_row(name, str(fact.count), ", ".join(fact.places))
    return table
