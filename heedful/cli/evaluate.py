"""``heedful eval``: a run folder and files with the right answers in, scores out."""

from pathlib import Path
from typing import Annotated

import typer

from heedful.cli.app import app
from heedful.cli.arguments import FILES_HELP


@app.command("eval")
def evaluate(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A run folder.", show_default=False)],
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help=f"{FILES_HELP}.", show_default=False)],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object; what is not defined is null.")
    ] = False,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="A.B=C", help="How it answers, as in decode.beam=1; repeat.")
    ] = None,
    beam: Annotated[
        int | None, typer.Option(min=1, help="translate, parse, chat: width of the search. [default: the run's]")
    ] = None,
    alignments: Annotated[
        Path | None, typer.Option(help="translate: gold links of the pairs, in Pharaoh format; adds aer.")
    ] = None,
    one_based: Annotated[
        bool, typer.Option("--one-based", help="translate: the words of the links count from 1.")
    ] = False,
    candidates: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="chat: replies to rank the true one among; adds response_accuracy."),
    ] = None,
) -> None:
    """Answer the questions of a file and score the answers."""
    from heedful.cli.options import own_options
    from heedful.cli.output import load_run, result_lines
    from heedful.store import strict_json

    task, predictor = load_run(folder, settings)
    options = own_options(task, "eval", beam=beam, alignments=alignments, one_based=one_based, candidates=candidates)
    found = task.evaluate(predictor, files, options=options)
    if as_json:
        print(strict_json({"run": str(folder), **found}))
    else:
        print(result_lines(found))
