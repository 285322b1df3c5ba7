"""``heedful eval``: a run folder and reference files in, scores out."""

import json
from pathlib import Path
from typing import Annotated

import typer

from heedful.cli.app import app
from heedful.cli.arguments import PAIR_HELP


@app.command("eval")
def evaluate(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A run folder.", show_default=False)],
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help=f"Pairs: {PAIR_HELP}.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    alignments: Annotated[
        Path | None, typer.Option(help="Gold links of the pairs, in Pharaoh format: adds aer.")
    ] = None,
    one_based: Annotated[bool, typer.Option("--one-based", help="The words of the links count from 1.")] = False,
    beam: Annotated[int | None, typer.Option(min=1, help="Width of the search. [default: the run's]")] = None,
) -> None:
    """Translate the sources of a file of pairs and score the result."""
    from heedful.cli.output import load_run, result_lines
    from heedful.data.pairs import read_pairs
    from heedful.data.pharaoh import read_alignments
    from heedful.task.score import evaluate as score

    pairs = read_pairs(files)
    links = read_alignments(alignments, one_based=one_based) if alignments else None
    found = score(load_run(folder), pairs, links=links, beam=beam)
    if as_json:
        print(json.dumps({"run": str(folder), **found}, ensure_ascii=False))
    else:
        print(result_lines(found))
