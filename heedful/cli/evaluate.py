"""``heedful eval``: a run folder and files with the right answers in, scores out."""

from pathlib import Path
from typing import Annotated, Any

import typer

from heedful.cli.app import app
from heedful.cli.arguments import FILES_HELP
from heedful.cli.options import task_options, with_task_options


@app.command("eval")
@with_task_options("eval")
def evaluate(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A run folder.", show_default=False)],
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help=f"{FILES_HELP}.", show_default=False)],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object; what is not defined is null.")
    ] = False,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="A.B=C", help="How it answers, as in decode.beam=1; repeat.")
    ] = None,
    **options: Any,
) -> None:
    """Answer the questions of a file and score the answers."""
    from heedful.cli.output import load_run, result_lines
    from heedful.store import strict_json
    from heedful.task import engine
    from heedful.task.base import Files

    task, predictor = load_run(folder, settings)
    found = engine.evaluate(task, predictor, Files(files, options=task_options(task, "eval", options)))
    if as_json:
        print(strict_json({"run": str(folder), **found}))
    else:
        print(result_lines(found))
