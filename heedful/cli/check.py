"""``heedful check``: looks through a file before anyone trains on it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from heedful.cli.app import app
from heedful.cli.arguments import PAIR_HELP, TASKS, check_choice

if TYPE_CHECKING:
    from rich.table import Table

    from heedful.data.report import PairReport


@app.command()
def check(
    task: Annotated[str, typer.Argument(help="What it is for: translate.", show_default=False)],
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help=f"Pairs: {PAIR_HELP}.", show_default=False)],
    run: Annotated[Path | None, typer.Option(help="Take the tokenisers of this run folder.")] = None,
    config: Annotated[Path | None, typer.Option(help="A YAML file of settings, which says how to tokenise.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="A.B=C", help="One setting, as in data.lowercase=true; repeat.")
    ] = None,
) -> None:
    """Report counts, lengths, unknown words, empty lines and duplicates of a file, with examples."""
    from heedful.cli.output import results
    from heedful.data.pairs import read_pairs
    from heedful.data.report import check_pairs
    from heedful.task import load
    from heedful.task.config import make_config, read_config
    from heedful.task.fit import make_tokenisers
    from heedful.task.settings import parse_settings

    check_choice(task, TASKS, "task")
    pairs = read_pairs(files)
    if run is not None:
        translator = load(run)
        source, target, chosen = translator.source, translator.target, translator.config
    else:
        chosen = make_config(*([read_config(config)] if config else []), parse_settings(settings or []))
        source, target = make_tokenisers(chosen, pairs)
    report = check_pairs(pairs, source, target, max_length=chosen.data.max_length)
    console = results()
    console.print(_lengths(report))
    console.print(_faults(report))
    for example in report.examples:
        console.print(f"\n{example.pair.where}", markup=False)
        console.print(f"  {' '.join(example.source_pieces)}", markup=False)
        console.print(f"  {' '.join(example.target_pieces)}", markup=False)


def _lengths(report: "PairReport") -> "Table":
    from rich.table import Table

    from heedful.data.report import PERCENTILES

    table = Table("", "total", *(f"{percent}%" for percent in PERCENTILES), "unknown", box=None, padding=(0, 2, 0, 0))
    for name, side in (("source", report.source), ("target", report.target)):
        unknown = f"{side.unknown_rate:.2%}" + (f" ({', '.join(side.unknown)})" if side.unknown else "")
        table.add_row(f"{name} {side.unit}", str(side.total), *map(str, side.percentiles), unknown)
    return table


def _faults(report: "PairReport") -> "Table":
    from rich.table import Table

    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_row("sentence pairs", str(report.pairs), "")
    for name, fault in (
        ("with an empty side", report.empty),
        ("seen before", report.duplicates),
        ("target copies source", report.copies),
        ("lengths far apart", report.outliers),
        ("too long to train on", report.too_long),
    ):
        table.add_row(name, str(fault.count), ", ".join(fault.places))
    return table
