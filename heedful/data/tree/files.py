"""Trees from the user's files: bracket files, folders of them, and jsonl; each also .gz."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from heedful.data.table import JSON
from heedful.data.text import iterate_lines, kind_of
from heedful.data.tree.brackets import read_brackets
from heedful.data.tree.tidy import tidy
from heedful.data.tree.value import Tree
from heedful.errors import UserError

FOLDER_SUFFIXES = (".mrg", ".ptb", ".tree", ".trees", ".bracket", ".brackets", ".jsonl", ".ndjson")
"""What is read of a folder; a file that is named is read whatever its suffix."""


@dataclass(frozen=True, slots=True)
class ParsedText:
    """A tree, and the "file:line" it begins at."""

    tree: Tree
    where: str


def read_trees(paths: Sequence[Path], *, functions: bool = False) -> list[ParsedText]:
    """Reads all trees of bracket files, of jsonl with `tree` (and `text`), and of folders of such files.

    Folders are read with what lies below them, in the order of names: `FOLDER_SUFFIXES`, each also .gz. Trees are
    made `tidy`; with `functions` they keep function tags.
    Raises: UserError with file:line for whatever cannot be read as such, for a tree without words, and when there is
        no tree at all.
    """
    trees = [tree for path in paths for file in _files(path) for tree in _trees(file, functions)]
    if not trees:
        raise UserError("there is no tree", where=str(paths[0]) if paths else None, hint="expected brackets or jsonl")
    return trees


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    files = sorted(file for file in path.rglob("*") if file.is_file() and kind_of(file) in FOLDER_SUFFIXES)
    if not files:
        raise UserError(
            "this folder holds no trees", where=str(path), hint=f"expected files {', '.join(FOLDER_SUFFIXES)}"
        )
    return files


def _trees(path: Path, functions: bool) -> Iterator[ParsedText]:
    found = _json_trees(path) if kind_of(path) in JSON else read_brackets(iterate_lines(path), str(path))
    for raw, line in found:
        tree = tidy(raw, functions=functions)
        if tree is None:
            raise UserError("this tree has no word, only traces", where=f"{path}:{line}", hint="take it out")
        yield ParsedText(tree, f"{path}:{line}")


def _json_trees(path: Path) -> Iterator[tuple[Tree, int]]:
    for number, line in enumerate(iterate_lines(path), start=1):
        if line.strip():
            yield _json_tree(line, str(path), number), number


def _json_tree(line: str, path: str, number: int) -> Tree:
    where, hint = f"{path}:{number}", 'expected one object a line: {"text": "…", "tree": "(S …)"}'
    try:
        content: Any = json.loads(line)
    except (json.JSONDecodeError, RecursionError) as error:
        said = error.msg if isinstance(error, json.JSONDecodeError) else "nested too deeply"
        raise UserError(f"this is not JSON: {said}", where=where, hint=hint) from error
    fields = cast(dict[str, Any], content) if isinstance(content, dict) else {}
    if not isinstance(fields.get("tree"), str):
        raise UserError("expected an object with the text 'tree'", where=where, hint=hint)
    trees = [tree for tree, _ in read_brackets([fields["tree"]], path, first=number)]
    if len(trees) != 1:
        raise UserError(f"expected one tree in 'tree', found {len(trees)}", where=where, hint=hint)
    _check_text(fields.get("text"), trees[0], where)
    return trees[0]


def _check_text(text: Any, tree: Tree, where: str) -> None:
    """The text, if there is one, has the letters of the tree's words, whatever the blanks."""
    words = [leaf.word or "" for leaf in tree.leaves if leaf.label != "-NONE-"]
    if isinstance(text, str) and "".join(text.split()) != "".join(words):
        raise UserError(
            f"'text' and 'tree' have different words: {_short(text)!r} and {_short(' '.join(words))!r}",
            where=where,
            hint="leave 'text' out, or write it as the tree's words with blanks between",
        )


def _short(text: str, limit: int = 40) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
