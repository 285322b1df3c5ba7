"""``heedful predict``: a file or standard input in, an answer a line out."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from heedful.cli.app import app
from heedful.cli.arguments import check_choice

if TYPE_CHECKING:
    from heedful.task.base import Answer
    from heedful.watch import Map

_FORMATS = ("pharaoh",)
_CHUNK = 512  # questions read before the first is answered, unless someone sits and types


@app.command()
def predict(  # noqa: PLR0913, PLR0917 - its parameters are its options
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
    beam: Annotated[
        int | None, typer.Option(min=1, help="translate, parse, chat: width of the search. [default: the run's]")
    ] = None,
    nbest: Annotated[
        int | None, typer.Option(min=1, help="translate: outputs a sentence; more than 1 come numbered and scored.")
    ] = None,
    alignment: Annotated[
        str | None,
        typer.Option(metavar="FORMAT", help="translate: `pharaoh` adds ` ||| 0-0 1-2`, links of words, from 0."),
    ] = None,
) -> None:
    """Answer a file or standard input, one question a line."""
    from heedful.cli.options import own_options
    from heedful.cli.output import load_run
    from heedful.store import strict_json
    from heedful.task.batches import in_chunks

    if alignment is not None:
        check_choice(alignment, _FORMATS, "alignment format")
    window = _Window(attention)
    task, predictor = load_run(folder, settings)
    options = own_options(task, "predict", beam=beam, nbest=nbest, alignment=alignment)
    size = at_once or (1 if file == "-" and sys.stdin.isatty() else _CHUNK)
    done = 0
    for chunk in in_chunks(task.questions(predictor.config, file), size):
        answers = task.answer(predictor, chunk, first=done + 1, maps=attention is not None, options=options)
        for answer in answers:
            print(strict_json(answer.record) if as_json else answer.text)
            window.add(answer)
        sys.stdout.flush()
        done += len(chunk)
    window.close()


class _Window:
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
