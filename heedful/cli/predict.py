"""``heedful predict``: a file or standard input in, translations out."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from heedful.cli.app import app
from heedful.cli.arguments import check_choice

if TYPE_CHECKING:
    from heedful.task import Translation

_FORMATS = ("pharaoh",)
_CHUNK = 512  # sentences read before the first is answered, unless someone sits and types


@app.command()
def predict(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A run folder.", show_default=False)],
    file: Annotated[str, typer.Argument(help="Text, one sentence a line, perhaps .gz; - is standard input.")] = "-",
    beam: Annotated[int | None, typer.Option(min=1, help="Width of the search. [default: the run's]")] = None,
    nbest: Annotated[
        int, typer.Option(min=1, help="Translations a sentence; more than 1 come numbered and scored.")
    ] = 1,
    attention: Annotated[
        str | None,
        typer.Option(metavar="OUT", help="Where it looks: a .png .pdf .svg .html .npz or .jsonl file, or `terminal`."),
    ] = None,
    alignment: Annotated[
        str | None, typer.Option(metavar="FORMAT", help="`pharaoh` adds ` ||| 0-0 1-2`: links of words, from 0.")
    ] = None,
    at_once: Annotated[int | None, typer.Option(min=1, help="Sentences read before the first is answered.")] = None,
) -> None:
    """Translate a file or standard input, one sentence a line."""
    from heedful.cli.output import load_run
    from heedful.data.text import iterate_lines
    from heedful.task.translate import in_chunks

    if alignment is not None:
        check_choice(alignment, _FORMATS, "alignment format")
    window = _Window(attention)
    translator = load_run(folder)
    size = at_once or (1 if file == "-" and sys.stdin.isatty() else _CHUNK)
    done = 0
    for chunk in in_chunks(iterate_lines(file), size):
        found = translator.nbest(chunk, nbest, beam=beam, attention=bool(attention or alignment))
        for number, options in enumerate(found, start=done + 1):
            _write(options, number, links=alignment is not None, numbered=nbest > 1)
            window.add(options[0], number)
        sys.stdout.flush()
        done += len(chunk)
    window.close()


def _write(options: "list[Translation]", number: int, *, links: bool, numbered: bool) -> None:
    """Print the translations of a sentence; several are numbered from 0 and scored, as Moses has them."""
    from heedful.data.pharaoh import format_links

    for option in options:
        text = f"{number - 1} ||| {option.text} ||| {option.score:.4f}" if numbered else option.text
        print(f"{text} ||| {format_links(option.alignment)}" if links else text)


class _Window:
    """Where the maps go: to the terminal at once, or together into a file at the end."""

    def __init__(self, target: str | None) -> None:
        from heedful.watch import Map, check_format

        self._target = target
        self._maps: list[Map] = []
        if target not in (None, "terminal"):
            check_format(Path(target))

    def add(self, found: "Translation", number: int) -> None:
        """One more sentence, by its line number."""
        from heedful.cli.output import drawn_map, notes, tell

        if found.is_cut:
            tell(
                f"note: line {number} is too long; only its first {len(found.source_tokens) - 1} tokens were translated"
            )
        if self._target is None or found.words is None:
            return
        if self._target == "terminal":
            console = notes()
            console.print(drawn_map(console, found.words))
        else:
            self._maps.append(found.words)

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
