"""``heedful chat``: a conversation with a trained chat model, line by line."""

import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from heedful.cli.app import app
from heedful.cli.program import program
from heedful.errors import UserError

if TYPE_CHECKING:
    from heedful.task.chat.partner import Partner
    from heedful.task.chat.session import Manner, Talk

_PROMPT = "> "


@app.command()
def chat(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A run folder of the task chat.", show_default=False)],
    beam: Annotated[int | None, typer.Option(min=1, help="Beam width of the search. [default: the run's]")] = None,
    sample: Annotated[bool, typer.Option("--sample", help="Sample each word instead of searching.")] = False,
    temperature: Annotated[
        float | None, typer.Option(min=0.01, help="Sample each word; below 1 prefers likely words. [default: 1]")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed of the sampling, to get the same words again.")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="A.B=C", help="Change a setting, as in decode.beam=1; may be repeated."),
    ] = None,
) -> None:
    """Talk to a trained chat model, one turn per line; replies go to standard output, /help lists the commands."""
    from heedful.cli.output import is_typed, load_run
    from heedful.task.chat.partner import Partner
    from heedful.task.chat.session import Manner

    if beam is not None and (sample or temperature is not None):
        raise UserError("--beam searches and --temperature draws", hint="give one of them")
    task, predictor = load_run(folder, settings)
    if not isinstance(predictor, Partner):
        raise UserError(
            f"this run does not chat: its task is {task.name!r}", where=str(folder), hint=f"try {program()} show"
        )
    sampling = 1.0 if sample and temperature is None else temperature
    try:
        _talk(predictor, Manner(beam, sampling, seed))
    # Ctrl-C and Ctrl-D are the usual ways to end a conversation, and no errors.
    except (KeyboardInterrupt, EOFError):
        if is_typed():
            print(file=sys.stderr)


def _talk(partner: "Partner", manner: "Manner") -> None:
    """Reads lines and replies to them or runs their commands, until they end."""
    from heedful.cli.output import tell
    from heedful.task.chat.session import Talk, is_command, obey, respond

    talk = Talk()
    for line in _lines():
        typed = line.strip()
        if not typed:
            continue
        if not is_command(typed):
            talk = respond(partner, talk, typed, manner=manner)
            print(talk.turns[-1].text, flush=True)
            continue
        try:
            order = obey(talk, typed)
        except UserError as error:
            tell(str(error))
            continue
        for text in order.lines:
            tell(text)
        if order.draws:
            _draw(talk)
        if order.leaves:
            return
        talk = order.talk


def _lines() -> Iterator[str]:
    """Lines typed in a terminal, with editing and history; or lines of standard input if it is a pipe."""
    from heedful.cli.output import is_typed, tell
    from heedful.data.text import iterate_lines

    if not (is_typed() and sys.stdout.isatty()):
        yield from iterate_lines("-")
        return
    with suppress(ModuleNotFoundError):
        import readline  # noqa: F401  # pyright: ignore[reportUnusedImport] - makes input() edit lines
    tell("type a turn, or /help for the commands")
    while True:
        yield input(_PROMPT)


def _draw(talk: "Talk") -> None:
    """Draws the attention of the last reply."""
    from heedful.cli.output import drawn_map, notes

    if talk.last is None or talk.last.words is None:
        return
    console = notes()
    console.print(talk.last.words.title, markup=False)
    console.print(drawn_map(console, talk.last.words))
