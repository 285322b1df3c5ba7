"""``heedful eval``: scores a trained model on files with the correct answers."""

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
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object; NaN and infinity are null.")] = False,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="A.B=C", help="Change a setting, as in decode.beam=1; may be repeated."),
    ] = None,
    **options: Any,
) -> None:
    """Answer the questions in files and score the answers."""
    from heedful.cli.output import load_run, result_lines
    from heedful.store import strict_json
    from heedful.task import engine
    from heedful.task.base import Files

    task, predictor = load_run(folder, settings)
    scores = engine.evaluate(task, predictor, Files(files, options=task_options(task, "eval", options)))
    if as_json:
        print(strict_json({"run": str(folder), **scores}))
    else:
        print(result_lines(scores))
