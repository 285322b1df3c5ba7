"""``heedful predict``: answers a file or standard input, one answer per line."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from heedful.cli.app import app
from heedful.cli.options import task_options, with_task_options

if TYPE_CHECKING:
    from heedful.task.base import Answer
    from heedful.watch import Map

_CHUNK = 512  # questions per chunk: large enough for full batches, small enough to answer soon


@app.command()
@with_task_options("predict")
def predict(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A run folder.", show_default=False)],
    file: Annotated[
        str,
        typer.Argument(
            help="One text per line, or a table (.tsv .csv .jsonl), as for pairs; may be .gz; - is standard input."
        ),
    ] = "-",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per line.")] = False,
    attention: Annotated[
        str | None,
        typer.Option(
            metavar="OUT", help="Write attention maps to a .png .pdf .svg .html .npz or .jsonl file, or to `terminal`."
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
    from heedful.cli.output import is_typed, load_run
    from heedful.store import strict_json
    from heedful.task.engine import answers

    maps = _MapFile(attention)
    task, predictor = load_run(folder, settings)
    options = task_options(task, "predict", options)
    # A person who types expects an answer after each line.
    size = at_once or (1 if file == "-" and is_typed() else _CHUNK)
    for chunk in answers(task, predictor, file, size=size, maps=attention is not None, options=options):
        for answer in chunk:
            print(strict_json(answer.record) if as_json else answer.text)
            maps.add(answer)
        sys.stdout.flush()
    maps.close()


class _MapFile:
    """Writes maps: to the terminal at once, or to one file at the end."""

    def __init__(self, target: str | None) -> None:
        from heedful.watch import check_format

        self._target = target
        self._maps: list[Map] = []
        # Checked first: a wrong suffix must not be reported only after everything has been answered.
        if target not in (None, "terminal"):
            check_format(Path(target))

    def add(self, answer: "Answer") -> None:
        """Adds the maps of an answer, and prints its note."""
        from heedful.cli.output import drawn_maps, notes, tell

        if answer.note:
            tell(f"note: {answer.note}")
        if self._target == "terminal":
            console = notes()
            for _, drawing in drawn_maps(console, answer.maps):
                console.print(drawing)
        elif self._target is not None:
            self._maps += answer.maps

    def close(self) -> None:
        """Writes the file."""
        from heedful.cli.output import tell
        from heedful.watch import save_maps

        if self._target in (None, "terminal"):
            return
        if not self._maps:
            tell(f"note: {self._target} was not written: the answers are empty, or this model has no attention")
            return
        hint = save_maps(self._maps, Path(self._target))
        if hint:
            tell(f"note: {hint}")
