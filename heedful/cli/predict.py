"""``heedful predict``: answers a file or standard input, one answer per line."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from heedful.cli.app import app
from heedful.cli.arguments import OUT_HELP, SCALE_HELP
from heedful.cli.options import task_options, with_task_options
from heedful.errors import UserError

_CHUNK = 512  # questions per chunk: large enough for full batches, small enough to answer soon


@app.command()
@with_task_options("predict")
def predict(  # noqa: PLR0913, PLR0917 - its parameters are its options
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A run folder.", show_default=False)],
    file: Annotated[
        str,
        typer.Argument(
            help="One text per line, or a table (.tsv .csv .jsonl), as for pairs; may be .gz; - is standard input."
        ),
    ] = "-",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per line.")] = False,
    attention: Annotated[
        str | None, typer.Option(metavar="OUT", help=f"{OUT_HELP} `terminal` draws them there.")
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="With --attention: the maps of all layers, heads and levels.")
    ] = False,
    scale: Annotated[
        str, typer.Option(metavar="SCALE", help=f"With --attention: {SCALE_HELP[0].lower()}{SCALE_HELP[1:]}")
    ] = "auto",
    max_maps: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="With --attention: how many maps to draw; 0 is all. [default: 50 pictures, 200 maps on"
            " a page; no limit for numbers and the terminal]",
            show_default=False,
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="A.B=C", help="Change a setting, as in decode.beam=1; may be repeated."),
    ] = None,
    at_once: Annotated[int | None, typer.Option(min=1, help="How many questions to read before answering.")] = None,
    **options: Any,
) -> None:
    """Answer the questions in a file or on standard input, one per line."""
    from heedful.cli.maps import MapFile, scale_of
    from heedful.cli.output import is_typed, load_run, notes, tell
    from heedful.store import strict_json
    from heedful.task.engine import answers

    if attention is None and (every or scale != "auto" or max_maps is not None):
        raise UserError("--all, --scale and --max-maps are about maps", hint="add --attention OUT")
    maps = MapFile(attention, notes(), scale=scale_of(scale), most=max_maps)
    task, predictor = load_run(folder, settings)
    options = task_options(task, "predict", options)
    # A person who types expects an answer after each line.
    size = at_once or (1 if file == "-" and is_typed() else _CHUNK)
    for chunk in answers(task, predictor, file, size=size, options=options, maps=maps.wants_more, every=every):
        for answer in chunk:
            print(strict_json(answer.record) if as_json else answer.text)
            if answer.note:
                tell(f"note: {answer.note}")
            maps.add(answer)
        sys.stdout.flush()
    maps.close()
