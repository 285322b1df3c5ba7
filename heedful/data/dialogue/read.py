"""Dialogues from the user's files: .jsonl, .tsv, .csv, dialog bAbI, or text with one turn a line; each also .gz."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from heedful.data.dialogue.babi import babi_dialogues, told_apart
from heedful.data.dialogue.turn import SECOND, Dialogue, Turn, by_turns, exchanges, replier
from heedful.data.pairs import read_pairs, tidy
from heedful.data.table import JSON, Columns, Row, csv_rows, json_object, json_text, tsv_rows
from heedful.data.text import iterate_lines, kind_of, shortened
from heedful.errors import UserError

COLUMNS = Columns(
    ("context", "reply"),
    signs=("context", "reply", "response", "question", "answer", "utterance"),
    instead="give a .jsonl with turns, or plain .txt with one turn a line and a blank line between dialogues",
)
QUESTIONS = Columns(("context",), ("reply",), signs=COLUMNS.signs)
"""What a table of contexts has; the reply is not read."""

EXPECTED = (
    'one .jsonl ({"turns": ["…", "…"]} or {"context": "…", "reply": "…"} a line), .tsv or .csv (context, reply), '
    ".txt (one turn a line, a blank line between dialogues; or dialog bAbI), or two files line by line; each may be .gz"
)
_EXAMPLE = '{"turns": ["hello", "hello, who is it?"]} or {"context": "hello", "reply": "hello, who is it?"}'
_NEEDED = "'turns', or 'context' and 'reply'"


def read_dialogues(paths: Sequence[Path]) -> list[Dialogue]:
    """Reads dialogues; the format is told by the suffix, or by there being two files (contexts, replies).

    Text with tabs in numbered lines is of the dialog bAbI tasks, see `babi_dialogues`; other text has a turn a line and
    no tabs. Each row of a table is a dialogue of two turns. Speakers that are not named are called "1" and "2" and take
    turns. Blank is taken off at both ends of a turn; empty turns stay in, see `check_dialogues`.

    Raises: UserError with file:line and what was expected, for whatever cannot be read as such.
    """
    if len(paths) == 2:
        found = [_two(pair.source, pair.target, pair.where) for pair in read_pairs(paths)]
    elif len(paths) == 1:
        found = list(_READERS.get(kind_of(paths[0]), _text)(paths[0]))
    else:
        raise UserError(f"expected one or two files, got {len(paths)}", hint=f"expected {EXPECTED}")
    if not found:
        raise UserError("the file is empty", where=str(paths[0]), hint=f"expected {EXPECTED}")
    return found


def read_contexts(path: Path | str) -> Iterator[tuple[Turn, ...]]:
    """Contexts that wait for a reply: of .jsonl as `read_dialogues` reads it, with or without `reply`; of .tsv and
    .csv the column `context`; of dialog bAbI what stands before each turn of the bot; else one turn a line. "-" is
    standard input, with one turn a line, or an object where a line begins with "{".

    Raises: UserError with file:line.
    """
    kind = "" if str(path) == "-" else kind_of(Path(path))
    if kind in (".tsv", ".csv"):
        rows = (tsv_rows if kind == ".tsv" else csv_rows)(Path(path), QUESTIONS)
        return (by_turns([tidy(row.cells[0])], [f"{path}:{row.line}"]) for row in rows)
    lines: Iterable[str] = iterate_lines(path)
    if kind in JSON:
        return (_context_of(line, f"{path}:{number}") for number, line in enumerate(lines, start=1) if line.strip())
    if str(path) == "-":
        return (_typed(line, f"{path}:{number}") for number, line in enumerate(lines, start=1))
    is_babi, lines = told_apart(lines)
    if is_babi:
        return (one.context for dialogue in babi_dialogues(lines, str(path)) for one in exchanges([dialogue]))
    return (by_turns([tidy(line)], [f"{path}:{number}"]) for number, line in enumerate(lines, start=1))


def _typed(line: str, where: str) -> tuple[Turn, ...]:
    return _context_of(line, where) if line.lstrip().startswith("{") else by_turns([tidy(line)], [where])


def _two(context: str, reply: str, where: str) -> Dialogue:
    return Dialogue(by_turns([tidy(context), tidy(reply)], [where, where], ending=SECOND), where)


def _tsv(path: Path) -> Iterator[Dialogue]:
    return (_row(row, path) for row in tsv_rows(path, COLUMNS))


def _csv(path: Path) -> Iterator[Dialogue]:
    return (_row(row, path) for row in csv_rows(path, COLUMNS))


def _row(row: Row, path: Path) -> Dialogue:
    context, reply = row.cells
    return _two(context, reply, f"{path}:{row.line}")


def _text(path: Path) -> Iterator[Dialogue]:
    is_babi, lines = told_apart(iterate_lines(path))
    return (babi_dialogues if is_babi else _plain)(lines, str(path))


def _plain(lines: Iterable[str], path: str) -> Iterator[Dialogue]:
    """One turn a line; any number of blank lines ends a dialogue."""
    texts: list[str] = []
    places: list[str] = []
    for number, line in enumerate(lines, start=1):
        if "\t" in line.strip():
            hint = "name a file of context, tab, reply .tsv; in plain text a turn holds no tab, and "
            hint += "dialog bAbI numbers its lines from 1"
            raise UserError(f"there is a tab in the turn {shortened(line)!r}", where=f"{path}:{number}", hint=hint)
        if line.strip():
            texts.append(tidy(line))
            places.append(f"{path}:{number}")
        elif texts:
            yield Dialogue(by_turns(texts, places), places[0])
            texts, places = [], []
    if texts:
        yield Dialogue(by_turns(texts, places), places[0])


def _jsonl(path: Path) -> Iterator[Dialogue]:
    for number, line in enumerate(iterate_lines(path), start=1):
        if line.strip():
            yield _dialogue_of(line, f"{path}:{number}")


_READERS = {".jsonl": _jsonl, ".ndjson": _jsonl, ".tsv": _tsv, ".csv": _csv}


def _dialogue_of(line: str, where: str) -> Dialogue:
    fields = json_object(line, where=where, expected=_NEEDED, example=_EXAMPLE)
    if ("turns" in fields) == ("context" in fields):
        found = "both" if "turns" in fields else (", ".join(map(repr, fields)) or "neither")
        raise UserError(f"expected {_NEEDED}, found {found}", where=where, hint=f"for example {_EXAMPLE}")
    if "turns" in fields:
        return Dialogue(_turns(fields["turns"], "turns", where), where)
    if "reply" not in fields:
        raise UserError("there is a 'context' but no 'reply'", where=where, hint=f"for example {_EXAMPLE}")
    return _answered(_listed(fields["context"]), fields["reply"], where)


def _answered(context: list[Any], reply: Any, where: str) -> Dialogue:
    """A context and its reply, whose speaker is the one whose turn it is where it is not named."""
    if isinstance(reply, Mapping) or not any(isinstance(turn, Mapping) for turn in context):
        turns = _turns([*context, reply], "context", where, ending=SECOND)
    else:
        before = _turns(context, "context", where)
        turns = (*before, Turn(tidy(json_text(reply, "reply", where)), replier(before), where))
    return Dialogue(turns, where, first_reply=len(turns) - 1)


def _context_of(line: str, where: str) -> tuple[Turn, ...]:
    fields = json_object(line, where=where, expected="'turns' or 'context'", example='{"turns": ["hello"]}')
    for name in ("turns", "context"):
        if name in fields:
            return _turns(_listed(fields[name]), name, where)
    found = ", ".join(map(repr, fields)) or "nothing"
    raise UserError(f"expected 'turns' or 'context', found {found}", where=where, hint='as in {"turns": ["hello"]}')


def _listed(value: Any) -> list[Any]:
    """A context may be one turn, or a list of them."""
    return cast(list[Any], value) if isinstance(value, list) else [value]


def _turns(value: Any, name: str, where: str, *, ending: str | None = None) -> tuple[Turn, ...]:
    """A list of texts, or of objects with `speaker` and `text`."""
    if not isinstance(value, list):
        hint = 'a list of texts, or of objects: [{"speaker": "A", "text": "…"}, …]'
        raise UserError(f"expected a list in {name!r}, found {shortened(repr(value))}", where=where, hint=hint)
    items = cast(list[Any], value)
    named = [isinstance(item, Mapping) for item in items]
    if any(named) and not all(named):
        hint = "name the speaker of every turn, or of none"
        raise UserError(f"turn {named.index(False) + 1} has no speaker, others have", where=where, hint=hint)
    places = [f"{where}, turn {number}" for number in range(1, len(items) + 1)]
    if all(named) and items:
        return tuple(_named(item, place) for item, place in zip(items, places, strict=True))
    texts = [tidy(json_text(item, name, place)) for item, place in zip(items, places, strict=True)]
    return by_turns(texts, places, ending=ending)


def _named(item: Mapping[str, Any], where: str) -> Turn:
    for key in ("speaker", "text"):
        if key not in item:
            found = ", ".join(map(repr, item)) or "nothing"
            raise UserError(f"expected 'speaker' and 'text' in a turn, found {found}", where=where)
    return Turn(tidy(json_text(item["text"], "text", where)), json_text(item["speaker"], "speaker", where), where)
