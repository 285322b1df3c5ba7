"""``heedful show``: answers one question and draws its attention maps."""

from pathlib import Path
from typing import Annotated, Any

import typer

from heedful.cli.app import app
from heedful.cli.arguments import OUT_HELP, SCALE_HELP
from heedful.cli.options import task_options, with_task_options


@app.command()
@with_task_options("show")
def show(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A run folder.", show_default=False)],
    texts: Annotated[
        list[str], typer.Argument(metavar="TEXT...", help="A text in quotes; two texts for a pair.", show_default=False)
    ],
    every: Annotated[
        bool,
        typer.Option(
            "--all",
            help="Show all layers, heads and levels: of encoder and decoder and between them; of a hierarchical "
            "classifier, the sentences and the words in each.",
        ),
    ] = False,
    out: Annotated[str | None, typer.Option(metavar="OUT", help=OUT_HELP)] = None,
    scale: Annotated[str, typer.Option(metavar="SCALE", help=SCALE_HELP)] = "auto",
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="A.B=C", help="Change a setting, as in decode.beam=1; may be repeated."),
    ] = None,
    **options: Any,
) -> None:
    """Answer one question and draw its attention maps."""
    from heedful.cli.maps import MapFile, scale_of
    from heedful.cli.output import load_run, results, tell
    from heedful.task import engine

    maps = MapFile(out or "terminal", results(), scale=scale_of(scale))
    task, predictor = load_run(folder, settings)
    options = task_options(task, "show", options)
    console = results()
    for answer in engine.show(task, predictor, tuple(texts), every=every, options=options):
        console.print(answer.text, markup=False)
        if answer.note:
            tell(f"note: {answer.note}")
        if not answer.maps:
            tell("note: there is nothing to draw: the answer is empty, or this model has no attention")
        maps.add(answer)
    maps.close()
