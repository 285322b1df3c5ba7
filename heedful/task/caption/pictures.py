"""The pictures that a command names: in a table, a list, a folder, or a single one."""

from collections.abc import Iterator
from pathlib import Path

from heedful.data.columns import Columns
from heedful.data.image import find_picture
from heedful.data.image.coco import is_token_file, read_coco, read_token_file
from heedful.data.image.rows import read_fields
from heedful.data.table import TABLES, has_header
from heedful.data.text import format_suffix, iterate_lines
from heedful.errors import UserError
from heedful.store import is_folder, list_folder
from heedful.task.caption.config import CaptionSettings

PICTURES = frozenset({".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm"})
"""Suffixes of files that are pictures themselves, and no lists of names."""


def named_pictures(file: str, settings: CaptionSettings) -> Iterator[Path]:
    """The pictures that a file names, in its order; a picture of several lines is yielded once for each.

    | file | pictures |
    |---|---|
    | a picture | itself |
    | a folder | those in it, by name |
    | .csv, .tsv, .jsonl | the column of pictures; the other columns are not read |
    | .json, Flickr token file | those with captions, each once |
    | any other file, or "-" | one name per line |

    Names are relative to ``data.pictures``, to the folder of the file, or, on standard input, to the working folder.
    Raises: UserError with file:line, for a line that names no picture, and a picture that is missing.
    """
    path = Path(file)
    if file != "-" and path.suffix.lower() in PICTURES:
        yield path
        return
    if file != "-" and is_folder(path):
        yield from (entry for entry in list_folder(path) if entry.suffix.lower() in PICTURES)
        return
    folder = Path(settings.pictures) if settings.pictures else Path() if file == "-" else path.parent
    for name, where in _names(file, path, settings.image_column):
        if not name:
            raise UserError("this line names no picture", where=where, hint="write its name, or delete the line")
        try:
            yield find_picture(folder, name)
        except UserError as error:
            if settings.features is None:
                raise UserError(f"there is no picture {name!r}", where=where, hint=error.hint) from None
            yield folder / name  # the features may be there all the same


def _names(file: str, path: Path, column: str) -> Iterator[tuple[str, str]]:
    """Names of pictures, each with its "file:line"."""
    suffix = "" if file == "-" else format_suffix(path)
    if suffix == ".json" or (not suffix == "" and suffix not in TABLES and is_token_file(path)):
        rows = read_coco(path) if suffix == ".json" else read_token_file(path)
        yield from {row.name: (row.name, row.where) for row in rows}.values()
        return
    columns = Columns((column,), needs_header=True)
    # A .csv with one name per line has no header.
    if suffix in TABLES and has_header(path, columns):
        for fields in read_fields(path, columns):
            yield fields.text(column), fields.where
        return
    where = "standard input" if file == "-" else file
    for number, line in enumerate(iterate_lines(file), start=1):
        yield line.strip(), f"{where}:{number}"
