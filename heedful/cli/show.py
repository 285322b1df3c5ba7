"""``heedful show``: one question, its answer, and where the model looked."""

from pathlib import Path
from typing import Annotated, Any

import typer

from heedful.cli.app import app
from heedful.cli.options import task_options, with_task_options


@app.command()
@with_task_options("show")
def show(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A run folder.", show_default=False)],
    texts: Annotated[
        list[str], typer.Argument(metavar="TEXT...", help="A text, in quotes; two for a pair.", show_default=False)
    ],
    every: Annotated[bool, typer.Option("--all", help="Every layer and head, not only the one that is read.")] = False,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="A.B=C", help="How it answers, as in decode.beam=1; repeat.")
    ] = None,
    **options: Any,
) -> None:
    """Answer one question and draw where the model looked."""
    from heedful.cli.output import drawn_maps, load_run, results, tell
    from heedful.task import engine

    task, predictor = load_run(folder, settings)
    options = task_options(task, "show", options)
    console = results()
    for answer in engine.show(task, predictor, tuple(texts), every=every, options=options):
        console.print(answer.text, markup=False)
        if answer.note:
            tell(f"note: {answer.note}")
        if not answer.maps:
            tell("note: there is nothing to draw: the answer is empty, or this model does not look")
        for title, drawing in drawn_maps(console, answer.maps):
            if title:
                console.print(f"\n{title}", markup=False)
            console.print(drawing)
