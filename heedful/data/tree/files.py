"""Reads trees: bracket files, tables with one tree per row, and folders of both; each optionally .gz."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from heedful.data.table import JSON, Columns, json_object, read_rows
from heedful.data.text import format_suffix, iterate_lines, shortened
from heedful.data.tree.brackets import read_brackets
from heedful.data.tree.clean import clean_tree
from heedful.data.tree.value import Tree
from heedful.errors import UserError
from heedful.store import is_folder, list_folder

FOLDER_SUFFIXES = (".mrg", ".ptb", ".tree", ".trees", ".bracket", ".brackets", ".jsonl", ".ndjson", ".tsv", ".csv")
"""The suffixes of the files that are read in a folder. A file given by name may have any suffix."""

COLUMNS = Columns(
    ("text", "tree"), header_words=("tree",), alternative="give a bracket file another name than .tsv or .csv"
)
"""The columns of a table, in this order where it has no header. A cell of `text` may be empty."""

_TABLES = (".tsv", ".csv")
_EXAMPLE = '{"text": "…", "tree": "(S …)"}'
_EXPECTED = "expected brackets, or a .tsv, .csv or .jsonl with text and tree"


@dataclass(frozen=True, slots=True)
class ParsedText:
    """A tree, and the "file:line" where it begins."""

    tree: Tree
    where: str


def read_trees(paths: Sequence[Path], *, functions: bool = False) -> list[ParsedText]:
    """Reads all trees of bracket files, tables with `text` and `tree`, and folders of such files.

    In a .jsonl `text` may be missing, in a .tsv or .csv it may be empty; otherwise its words must be those of the tree.
    Folders are read recursively, in the order of names; only files with one of `FOLDER_SUFFIXES` are read. Trees are
    cleaned by `clean_tree`; with `functions` they keep function tags.
    Raises: UserError with file:line for malformed content and for a tree without words, and when there is no tree.
    """
    trees = [tree for path in paths for file in _files(path) for tree in _trees(file, functions)]
    if not trees:
        raise UserError("there is no tree", where=str(paths[0]) if paths else None, hint=_EXPECTED)
    return trees


def _files(path: Path) -> list[Path]:
    if not is_folder(path):
        return [path]
    files = [file for file in _below(path) if format_suffix(file) in FOLDER_SUFFIXES]
    if not files:
        raise UserError(
            "this folder holds no trees", where=str(path), hint=f"expected files {', '.join(FOLDER_SUFFIXES)}"
        )
    return files


def _below(folder: Path) -> Iterator[Path]:
    """The files in a folder and in those inside it, in the order of names."""
    for entry in list_folder(folder):
        # A link to a folder may lead back to one of those above it.
        if is_folder(entry) and not entry.is_symlink():
            yield from _below(entry)
        elif entry.is_file():
            yield entry


def _trees(path: Path, functions: bool) -> Iterator[ParsedText]:
    for raw, line in _raw_trees(path):
        tree = clean_tree(raw, functions=functions)
        if tree is None:
            raise UserError("this tree has no words, only traces", where=f"{path}:{line}", hint="delete it")
        yield ParsedText(tree, f"{path}:{line}")


def _raw_trees(path: Path) -> Iterator[tuple[Tree, int]]:
    """The unmodified trees of a file, each with its line."""
    if format_suffix(path) in JSON:
        return _json_trees(path)
    if format_suffix(path) in _TABLES:
        return _table_trees(path)
    return read_brackets(iterate_lines(path), str(path))


def _table_trees(path: Path) -> Iterator[tuple[Tree, int]]:
    for (text, tree), line in read_rows(path, COLUMNS):
        yield _one_tree(tree.split("\n"), text.strip() or None, str(path), line=line), line


def _json_trees(path: Path) -> Iterator[tuple[Tree, int]]:
    for number, line in enumerate(iterate_lines(path), start=1):
        if line.strip():
            yield _json_tree(line, str(path), number), number


def _json_tree(line: str, path: str, number: int) -> Tree:
    where = f"{path}:{number}"
    fields = json_object(line, where=where, expected="the text 'tree'", example=_EXAMPLE)
    if not isinstance(fields.get("tree"), str):
        raise UserError(
            "expected an object with the text 'tree'", where=where, hint=f"expected one object per line: {_EXAMPLE}"
        )
    return _one_tree([fields["tree"]], fields.get("text"), path, line=number)


def _one_tree(lines: Sequence[str], text: Any, path: str, *, line: int) -> Tree:
    """The tree of the row that begins in `line`; checks that `text`, if given, has the same words."""
    where = f"{path}:{line}"
    trees = [tree for tree, _ in read_brackets(lines, path, first=line)]
    if len(trees) != 1:
        hint = "write one tree per row, as in (S (NN a))"
        raise UserError(f"expected one tree in 'tree', found {len(trees)}", where=where, hint=hint)
    _check_text(text, trees[0], where)
    return trees[0]


def _check_text(text: Any, tree: Tree, where: str) -> None:
    """Checks that a text has the letters of the tree's words; white space may differ."""
    words = [leaf.word or "" for leaf in tree.leaves if leaf.label != "-NONE-"]
    if isinstance(text, str) and "".join(text.split()) != "".join(words):
        raise UserError(
            f"'text' and 'tree' have different words: {shortened(text)!r} and {shortened(' '.join(words))!r}",
            where=where,
            hint="leave 'text' out, or write the tree's words with spaces between them",
        )
