"""Reads dialogues: .jsonl, .tsv, .csv, dialog bAbI, or text with one turn per line; each optionally .gz."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from heedful.data.dialogue.babi import babi_dialogues, detect_babi
from heedful.data.dialogue.turn import SECOND, Dialogue, Turn, alternating_turns, exchanges, next_speaker
from heedful.data.pairs import read_pairs, single_line
from heedful.data.table import JSON, Columns, Row, iterate_rows, json_object, json_text, read_rows
from heedful.data.text import format_suffix, iterate_lines, shortened
from heedful.errors import UserError

COLUMNS = Columns(
    ("context", "reply"),
    header_words=("context", "reply", "response", "question", "answer", "utterance"),
    alternative="give a .jsonl with turns, or plain .txt with one turn per line and a blank line between dialogues",
)
INPUT_COLUMNS = Columns(("context",), ("reply",), header_words=COLUMNS.header_words)
"""The columns of a table of contexts; the reply is ignored."""

EXPECTED = (
    'one .jsonl ({"turns": ["…", "…"]} or {"context": "…", "reply": "…"} per line), .tsv or .csv (context, reply), '
    ".txt (one turn per line, a blank line between dialogues; or dialog bAbI), or two parallel files; each may be .gz"
)
_EXAMPLE = '{"turns": ["hello", "hello, who is it?"]} or {"context": "hello", "reply": "hello, who is it?"}'
_NEEDED = "'turns', or 'context' and 'reply'"


def read_dialogues(paths: Sequence[Path], columns: Columns = COLUMNS) -> list[Dialogue]:
    """Reads dialogues. The suffix determines the format; two files are contexts and replies, line by line.

    Text with tabs in numbered lines is read as dialog bAbI (see `babi_dialogues`); other text has one turn per line and
    no tabs. Each row of a table is a dialogue of two turns. Unnamed speakers are called "1" and "2" and alternate.
    Surrounding white space is removed; empty turns are kept, and `check_dialogues` reports them. `columns` may state
    another order for a table without a header.

    Raises: UserError with file:line and what was expected, for malformed content.
    """
    if len(paths) == 2:
        dialogues = [_context_and_reply(pair.source, pair.target, pair.where) for pair in read_pairs(paths)]
    elif len(paths) == 1:
        dialogues = list(_dialogues(paths[0], columns))
    else:
        raise UserError(f"expected one or two files, got {len(paths)}", hint=f"expected {EXPECTED}")
    if not dialogues:
        raise UserError("the file is empty", where=str(paths[0]), hint=f"expected {EXPECTED}")
    return dialogues


def read_contexts(path: Path | str, columns: Columns = INPUT_COLUMNS) -> Iterator[tuple[Turn, ...]]:
    """Reads contexts to reply to.

    A .jsonl is read as by `read_dialogues`, with or without `reply`; of a .tsv or .csv the column `context`; of dialog
    bAbI what comes before each turn of the bot; otherwise each line is a context of one turn. "-" is standard input:
    each line is a turn, or a JSON object where it begins with "{". A blank line is an empty turn, except in bAbI.

    Raises: UserError with file:line.
    """
    kind = "" if str(path) == "-" else format_suffix(Path(path))
    if kind in (".tsv", ".csv"):
        rows = iterate_rows(Path(path), columns)
        return (_single_turn(row.cells[0] if row.cells else "", f"{path}:{row.line}") for row in rows)
    lines: Iterable[str] = iterate_lines(path)
    if kind in JSON:
        return (_json_context(line, f"{path}:{number}") for number, line in enumerate(lines, start=1))
    if str(path) == "-":
        return (_from_stdin(line, f"{path}:{number}") for number, line in enumerate(lines, start=1))
    is_babi, lines = detect_babi(lines)
    if is_babi:
        return (exchange.context for dialogue in babi_dialogues(lines, str(path)) for exchange in exchanges([dialogue]))
    return (_single_turn(line, f"{path}:{number}") for number, line in enumerate(lines, start=1))


def _dialogues(path: Path, columns: Columns) -> Iterator[Dialogue]:
    kind = format_suffix(path)
    if kind in (".tsv", ".csv"):
        return (_row(row, path) for row in read_rows(path, columns))
    return _jsonl(path) if kind in JSON else _text(path)


def _from_stdin(line: str, where: str) -> tuple[Turn, ...]:
    return _context_of(line, where) if line.lstrip().startswith("{") else _single_turn(line, where)


def _json_context(line: str, where: str) -> tuple[Turn, ...]:
    # A blank line is a context too, so that there are as many replies as lines.
    return _context_of(line, where) if line.strip() else _single_turn("", where)


def _single_turn(text: str, where: str) -> tuple[Turn, ...]:
    """A context of one turn, which may be empty."""
    return alternating_turns([single_line(text)], [where])


def _context_and_reply(context: str, reply: str, where: str) -> Dialogue:
    return Dialogue(alternating_turns([single_line(context), single_line(reply)], [where, where], ending=SECOND), where)


def _row(row: Row, path: Path) -> Dialogue:
    context, reply = row.cells
    return _context_and_reply(context, reply, f"{path}:{row.line}")


def _text(path: Path) -> Iterator[Dialogue]:
    is_babi, lines = detect_babi(iterate_lines(path))
    return (babi_dialogues if is_babi else _plain)(lines, str(path))


def _plain(lines: Iterable[str], path: str) -> Iterator[Dialogue]:
    """One turn per line; one or more blank lines end a dialogue."""
    texts: list[str] = []
    locations: list[str] = []
    for number, line in enumerate(lines, start=1):
        if "\t" in line.strip():
            hint = "a file of context, tab, reply needs the suffix .tsv; dialog bAbI numbers its lines from 1; "
            hint += "in plain text a turn has no tab"
            raise UserError(f"there is a tab in the turn {shortened(line)!r}", where=f"{path}:{number}", hint=hint)
        if line.strip():
            texts.append(single_line(line))
            locations.append(f"{path}:{number}")
        elif texts:
            yield Dialogue(alternating_turns(texts, locations), locations[0])
            texts, locations = [], []
    if texts:
        yield Dialogue(alternating_turns(texts, locations), locations[0])


def _jsonl(path: Path) -> Iterator[Dialogue]:
    for number, line in enumerate(iterate_lines(path), start=1):
        if line.strip():
            yield _dialogue_of(line, f"{path}:{number}")


def _dialogue_of(line: str, where: str) -> Dialogue:
    fields = json_object(line, where=where, expected=_NEEDED, example=_EXAMPLE)
    if ("turns" in fields) == ("context" in fields):
        keys = "both" if "turns" in fields else (", ".join(map(repr, fields)) or "neither")
        raise UserError(f"expected {_NEEDED}, found {keys}", where=where, hint=f"for example {_EXAMPLE}")
    if "turns" in fields:
        return Dialogue(_turns(fields["turns"], "turns", where), where)
    if "reply" not in fields:
        raise UserError("there is a 'context' but no 'reply'", where=where, hint=f"for example {_EXAMPLE}")
    return _with_reply(_as_list(fields["context"]), fields["reply"], where)


def _with_reply(context: list[Any], reply: Any, where: str) -> Dialogue:
    """A context and its reply; an unnamed reply belongs to the speaker whose turn it is."""
    if isinstance(reply, Mapping) or not any(isinstance(turn, Mapping) for turn in context):
        turns = _turns([*context, reply], "context", where, ending=SECOND)
    else:
        before = _turns(context, "context", where)
        turns = (*before, Turn(single_line(json_text(reply, "reply", where)), next_speaker(before), where))
    return Dialogue(turns, where, first_reply=len(turns) - 1)


def _context_of(line: str, where: str) -> tuple[Turn, ...]:
    fields = json_object(line, where=where, expected="'turns' or 'context'", example='{"turns": ["hello"]}')
    for name in ("turns", "context"):
        if name in fields:
            return _turns(_as_list(fields[name]), name, where)
    keys = ", ".join(map(repr, fields)) or "nothing"
    raise UserError(f"expected 'turns' or 'context', found {keys}", where=where, hint='as in {"turns": ["hello"]}')


def _as_list(value: Any) -> list[Any]:
    """A context is one turn or a list of turns."""
    return cast(list[Any], value) if isinstance(value, list) else [value]


def _turns(value: Any, name: str, where: str, *, ending: str | None = None) -> tuple[Turn, ...]:
    """Turns from a list of texts, or of objects with `speaker` and `text`."""
    if not isinstance(value, list):
        hint = 'a list of texts, or of objects: [{"speaker": "A", "text": "…"}, …]'
        raise UserError(f"expected a list in {name!r}, found {shortened(repr(value))}", where=where, hint=hint)
    items = cast(list[Any], value)
    named = [isinstance(item, Mapping) for item in items]
    if any(named) and not all(named):
        hint = "name the speaker of every turn or of none"
        raise UserError(f"turn {named.index(False) + 1} has no speaker, but others have one", where=where, hint=hint)
    locations = [f"{where}, turn {number}" for number in range(1, len(items) + 1)]
    if all(named) and items:
        return tuple(_named(item, location) for item, location in zip(items, locations, strict=True))
    texts = [single_line(json_text(item, name, location)) for item, location in zip(items, locations, strict=True)]
    return alternating_turns(texts, locations, ending=ending)


def _named(item: Mapping[str, Any], where: str) -> Turn:
    for key in ("speaker", "text"):
        if key not in item:
            keys = ", ".join(map(repr, item)) or "nothing"
            raise UserError(f"expected 'speaker' and 'text' in a turn, found {keys}", where=where)
    return Turn(
        single_line(json_text(item["text"], "text", where)), json_text(item["speaker"], "speaker", where), where
    )
