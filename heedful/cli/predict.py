"""``heedful predict``: a file or standard input in, an answer a line out."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from heedful.cli.app import app
from heedful.cli.options import task_options, with_task_options

if TYPE_CHECKING:
    from heedful.task.base import Answer
    from heedful.watch import Map

_CHUNK = 512  # questions read before the first is answered, unless someone sits and types


@app.command()
@with_task_options("predict")
def predict(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A run folder.", show_default=False)],
    file: Annotated[
        str,
        typer.Argument(
            help="Text, one a line, or a table (.tsv .csv .jsonl), as for pairs; perhaps .gz; - is standard input."
        ),
    ] = "-",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    attention: Annotated[
        str | None,
        typer.Option(metavar="OUT", help="Where it looks: a .png .pdf .svg .html .npz or .jsonl file, or `terminal`."),
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="A.B=C", help="How it answers, as in decode.beam=1; repeat.")
    ] = None,
    at_once: Annotated[int | None, typer.Option(min=1, help="Questions read before the first is answered.")] = None,
    **options: Any,
) -> None:
    """Answer a file or standard input, one question a line."""
    from heedful.cli.output import load_run
    from heedful.store import strict_json
    from heedful.task.engine import answers

    maps = _MapFile(attention)
    task, predictor = load_run(folder, settings)
    options = task_options(task, "predict", options)
    size = at_once or (1 if file == "-" and sys.stdin.isatty() else _CHUNK)
    for chunk in answers(task, predictor, file, size=size, maps=attention is not None, options=options):
        for answer in chunk:
            print(strict_json(answer.record) if as_json else answer.text)
            maps.add(answer)
        sys.stdout.flush()
    maps.close()


class _MapFile:
    """Where the maps go: to the terminal at once, or together into a file at the end."""

    def __init__(self, target: str | None) -> None:
        from heedful.watch import check_format

        self._target = target
        self._maps: list[Map] = []
        if target not in (None, "terminal"):
            check_format(Path(target))

    def add(self, answer: "Answer") -> None:
        """One more answer."""
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
        """Write the file."""
        from heedful.cli.output import tell
        from heedful.watch import save_maps

        if self._target in (None, "terminal"):
            return
        if not self._maps:
            tell(f"note: {self._target} is not written: there was nothing to look at, or this model does not look")
            return
        hint = save_maps(self._maps, Path(self._target))
        if hint:
            tell(f"note: {hint}")
