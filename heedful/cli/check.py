"""``heedful check``: reports statistics and problems of data files before training."""

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
    task: Annotated[str, typer.Argument(help=f"The task: {TASK_HELP}.", show_default=False)],
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help=f"{FILES_HELP}.", show_default=False)],
    run: Annotated[Path | None, typer.Option(help="Use the tokenisers of this run folder.")] = None,
    config: Annotated[Path | None, typer.Option(help="A YAML file of settings, which define the tokenisers.")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="A.B=C", help="Change a setting, as in data.lowercase=true; may be repeated."),
    ] = None,
) -> None:
    """Report counts, lengths, unknown words, empty lines and duplicates in files, with examples."""
    from heedful.cli.output import filled, results
    from heedful.task import engine, task_named
    from heedful.task.base import Files
    from heedful.task.config import make_settings, read_settings
    from heedful.task.settings import parse_settings

    kind = task_named(task)
    layers = [read_settings(config, task)] if config else []
    chosen = make_settings(kind.config, *layers, parse_settings(settings or []))
    predictor = None if run is None else engine.load(kind, run)
    report = engine.check(kind, chosen, Files(files), predictor=predictor)
    console = results()
    console.print(_lengths(report))
    console.print()
    widest = max(map(len, report.facts), default=0)
    for name, side in report.sides.items():
        if side.unknown:
            console.print(filled(f"unknown words, {name}: ", side.unknown, console.width), markup=False)
    for name, fact in report.facts.items():
        locations = [*fact.locations, *(["..."] if fact.count > len(fact.locations) > 0 else [])]
        console.print(filled(f"{name:<{widest}}  {fact.count:>6}  ", locations, console.width), markup=False)
    for where, lines in report.examples:
        console.print(f"\n{where}", markup=False)
        for line in lines:
            console.print(f"  {line}", markup=False)


def _lengths(report: "Report") -> "Table":
    """A table of the lengths on each side: shortest, percentiles and longest."""
    from rich.table import Table

    from heedful.data.report import PERCENTILES

    names = {0: "shortest", 50: "median", 100: "longest"}
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("", no_wrap=True)
    for head in ("total", *(names.get(percent, f"{percent}%") for percent in PERCENTILES), "unknown"):
        table.add_column(head, justify="right", no_wrap=True)
    for name, side in report.sides.items():
        numbers = map(str, (side.total, *side.percentiles))
        table.add_row(f"{name}, {side.unit}", *numbers, f"{side.unknown_rate:.2%}")
    return table
