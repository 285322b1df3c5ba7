"""``heedful show``: one question, its answer, and where the model looked."""

from pathlib import Path
from typing import Annotated

import typer

from heedful.cli.app import app


@app.command()
def show(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A run folder.", show_default=False)],
    texts: Annotated[
        list[str], typer.Argument(metavar="TEXT...", help="A text, in quotes; two for a pair.", show_default=False)
    ],
    every: Annotated[bool, typer.Option("--all", help="Every layer and head, not only the one that is read.")] = False,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="A.B=C", help="How it answers, as in decode.beam=1; repeat.")
    ] = None,
    beam: Annotated[
        int | None, typer.Option(min=1, help="translate, parse, chat: width of the search. [default: the run's]")
    ] = None,
    tree: Annotated[Path | None, typer.Option(metavar="OUT.svg", help="parse: the tree as a drawing.")] = None,
) -> None:
    """Answer one question and draw where the model looked."""
    from heedful.cli.options import own_options
    from heedful.cli.output import drawn_maps, load_run, results, tell

    task, predictor = load_run(folder, settings)
    options = own_options(task, "show", beam=beam, tree=tree)
    console = results()
    for answer in task.show(predictor, texts, every=every, options=options):
        console.print(answer.text, markup=False)
        if answer.note:
            tell(f"note: {answer.note}")
        if not answer.maps:
            tell("note: there is nothing to draw: the answer is empty, or this model does not look")
        for title, drawing in drawn_maps(console, answer.maps):
            if title:
                console.print(f"\n{title}", markup=False)
            console.print(drawing)
