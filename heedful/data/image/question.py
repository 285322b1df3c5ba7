"""The pictures that a question of `predict` names: a picture, a folder, a table, or a list of names."""

from collections.abc import Iterator
from pathlib import Path

from heedful.data.columns import Columns
from heedful.data.image.find import PictureFinder
from heedful.data.image.rows import read_fields
from heedful.data.image.sniff import is_text_file
from heedful.data.table import TABLES
from heedful.data.text import format_suffix, iterate_lines, nearby
from heedful.errors import UserError
from heedful.store import is_folder, list_folder


_PICTURES = (".jpg", ".jpeg", ".png", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".ppm", ".pgm")
"""Suffixes of files that are pictures whatever they hold: a git-LFS pointer named .jpg is no list of names."""


def picture_paths(file: str, *, image: str = "image", pictures: Path | None = None) -> Iterator[Path]:
    """The pictures to answer questions about.

    | `file` | pictures |
    |---|---|
    | a picture | this one |
    | a folder | its files, in the order of their names |
    | .csv, .tsv, .jsonl | the column `image` |
    | another text, or "-" for standard input | one name a line; blank lines are skipped |

    Names are relative to `pictures`, or to the folder of the table or list; from standard input, to the working folder.
    Raises: UserError with file:line, for a table without that column, and for a picture that is missing.
    """
    path = Path(file)
    if file != "-" and is_folder(path):
        yield from (entry for entry in list_folder(path) if not is_folder(entry))
        return
    if file != "-" and _is_picture(path):
        yield path
        return
    finder, folder = PictureFinder(), pictures or (Path() if file == "-" else path.parent)
    for name, where in _names(file, image):
        found = finder.find(folder, name)
        if found is None:
            raise UserError(f"there is no picture {name!r}", where=where, hint=nearby(folder / name))
        yield found


def _is_picture(path: Path) -> bool:
    if path.suffix.lower() in _PICTURES:
        return True
    return format_suffix(path) not in TABLES and path.is_file() and not is_text_file(path)


def _names(file: str, image: str) -> Iterator[tuple[str, str]]:
    path = Path(file)
    if file != "-" and format_suffix(path) in TABLES:
        columns = Columns((image,), header_words=(image,), needs_header=True)
        yield from ((row.text(image), row.where) for row in read_fields(path, columns))
        return
    name = "standard input" if file == "-" else file
    for number, line in enumerate(iterate_lines(file), start=1):
        if line.strip():
            yield line.strip(), f"{name}:{number}"
