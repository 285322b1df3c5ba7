"""``heedful show``: one sentence, its translation, and where the model looked for every word of it."""

from pathlib import Path
from typing import Annotated

import typer

from heedful.cli.app import app


@app.command()
def show(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A run folder.", show_default=False)],
    text: Annotated[str, typer.Argument(help="A sentence, in quotes.", show_default=False)],
    every: Annotated[bool, typer.Option("--all", help="Every layer and head, not only the one that is read.")] = False,
    beam: Annotated[int | None, typer.Option(min=1, help="Width of the search. [default: the run's]")] = None,
) -> None:
    """Translate one sentence and draw where the model looked."""
    from heedful.cli.output import drawn_map, load_run, results, tell
    from heedful.watch import Map

    found = load_run(folder).predict([text], beam=beam)[0]
    console = results()
    console.print(found.text, markup=False)
    if found.words is None:
        tell("note: there is nothing to draw: the translation is empty, or this model does not look")
        return
    maps = [found.words]
    if every:
        maps = [
            Map(heads[head], found.words.rows, found.words.columns, f"{name}, head {head}")
            for name, heads in found.words.layers.items()
            for head in range(len(heads))
        ]
    for seen in maps:
        console.print(f"\n{seen.title}", markup=False)
        console.print(drawn_map(console, seen))
