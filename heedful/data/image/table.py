"""Tables of pictures: with captions, several a picture, and with labels, boxes and named parts."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from heedful.axes import Box
from heedful.data.columns import Columns
from heedful.data.image.coco import CaptionRow, is_token_file, read_coco, read_token_file
from heedful.data.image.rows import Fields, Named, PictureExample, by_picture, find_pictures, read_fields
from heedful.data.pairs import single_line
from heedful.data.table import json_text
from heedful.data.text import format_suffix
from heedful.errors import UserError
from heedful.store import is_folder, list_folder

SIDES = ("left", "top", "right", "bottom")
"""The columns of a box, in pixels of the picture as a person sees it."""

_HEADER_WORDS = ("image", "caption", "captions", "label", "file_name", "filename", "image_name")

Point = tuple[float, float]
"""x and y in pixels of the picture as a person sees it, from its upper left corner."""


@dataclass(frozen=True, slots=True)
class Captioned:
    """A picture, its captions, and the "file:line" of the first of them."""

    picture: Path
    captions: tuple[str, ...]
    where: str


@dataclass(frozen=True, slots=True)
class LabelledPicture:
    """A picture and its label; where they are known, the box of what is labelled, and parts by name.

    `where` is "file:line", or the picture itself if its folder is its label.
    """

    picture: Path
    label: str
    where: str
    box: Box | None = None
    parts: Mapping[str, Point] = field(default_factory=dict[str, Point])


# ------------------------------------------------------------------------------------------------------------ captions


def caption_columns(image: str = "image", caption: str = "caption") -> Columns:
    """The columns of a table of captions. Other names than "image" and "caption" must be in the header."""
    return Columns(
        (image, caption),
        header_words=_HEADER_WORDS,
        rename_hint="name your columns: --set data.image_column=NAME --set data.caption_column=NAME",
        needs_header=(image, caption) != ("image", "caption"),
    )


def read_captions(
    paths: Sequence[Path], *, image: str = "image", caption: str = "caption", pictures: Path | None = None
) -> list[Captioned]:
    """Reads captions and groups them by picture, in the order in which pictures first appear.

    | file | a row |
    |---|---|
    | .csv, .tsv | the columns `image` and `caption`; a picture with several captions has several rows |
    | .jsonl | ``{"image": "a.jpg", "caption": "…"}``, or ``"captions": ["…", "…"]`` |
    | .json | COCO captions: lists "images" and "annotations" |
    | Flickr8k.token.txt, results_20130124.token | ``a.jpg#0``, a tab, a caption |

    The first three may be .gz. Names of pictures are relative to `pictures`, or to the folder of the table.
    Raises: UserError with file:line, for malformed content, an empty caption, a row that names no picture, and a
        picture that is missing.
    """
    rows = [(row, pictures or path.parent) for path in map(Path, paths) for row in _captions(path, image, caption)]
    if not rows:
        raise UserError("there is no caption", where=", ".join(map(str, paths)), hint="expected image and caption")
    files = find_pictures([Named(row.name, folder, row.where) for row, folder in rows])
    for row, _ in rows:
        if not single_line(row.caption):
            hint = "write a caption, or delete the line"
            raise UserError(f"the picture {row.name!r} has an empty caption here", where=row.where, hint=hint)
    single = [
        Captioned(file, (single_line(row.caption),), row.where) for file, (row, _) in zip(files, rows, strict=True)
    ]
    return [
        Captioned(picture, tuple(caption for each in group for caption in each.captions), group[0].where)
        for picture, group in by_picture(single).items()
    ]


def _captions(path: Path, image: str, caption: str) -> Iterator[CaptionRow]:
    if format_suffix(path) == ".json":
        yield from read_coco(path)
    elif is_token_file(path):
        yield from read_token_file(path)
    else:
        for fields in read_fields(path, caption_columns(image, caption)):
            yield from _captions_of(fields, image, caption)


def _captions_of(fields: Fields, image: str, caption: str) -> Iterator[CaptionRow]:
    name, several = fields.text(image), f"{caption}s"
    if several in fields.values:
        captions = fields.values[several]
        if caption in fields.values or not isinstance(captions, list):
            raise UserError(
                f"expected a list in {several!r}, or text in {caption!r}", where=fields.where,
                hint=f'write "{several}": ["…", "…"]',
            )  # fmt: skip
        if not captions:
            hint = "write a caption, or delete the line"
            raise UserError(f"the picture {name!r} has no caption", where=fields.where, hint=hint)
        yield from (CaptionRow(name, json_text(text, several, fields.where), fields.where) for text in captions)
        return
    if caption not in fields.values:
        known = ", ".join(map(repr, fields.values))
        raise UserError(
            f"the picture {name!r} has no caption: expected {caption!r} or {several!r}, found {known}",
            where=fields.where,
            hint="write a caption, or delete the line",
        )
    yield CaptionRow(name, json_text(fields.values[caption], caption, fields.where), fields.where)


# -------------------------------------------------------------------------------------------------------------- labels


def label_columns(image: str = "image", label: str = "label") -> Columns:
    """The columns of a table of labelled pictures. Other names than "image" and "label" must be in the header."""
    return Columns(
        (image, label),
        optional=(*SIDES, "parts"),
        scalars=(label,),
        header_words=_HEADER_WORDS,
        rename_hint="name your columns: --set data.image_column=NAME --set data.label_column=NAME",
        needs_header=(image, label) != ("image", "label"),
    )


def read_labelled_pictures(
    paths: Sequence[Path], *, image: str = "image", label: str = "label", pictures: Path | None = None
) -> list[LabelledPicture]:
    """Reads labelled pictures from tables, and from folders with one folder of pictures for each label.

    A .csv or .tsv has the columns `image` and `label`; `left`, `top`, `right` and `bottom` may follow for a box, and
    `parts`, which holds JSON. A .jsonl has these keys, or ``"box": [left, top, right, bottom]``, and
    ``"parts": {"beak": [x, y]}``. Coordinates are pixels of the picture as a person sees it, after its EXIF turn.
    Names of pictures are relative to `pictures`, or to the folder of the table.
    Raises: UserError with file:line, for malformed content, an empty label, a box without an area, coordinates that are
        no numbers, and a picture that is missing.
    """
    found: list[LabelledPicture] = []
    for path in map(Path, paths):
        if is_folder(path):
            found += _folder(path)
            continue
        rows = list(read_fields(path, label_columns(image, label)))
        files = find_pictures([Named(row.text(image), pictures or path.parent, row.where) for row in rows])
        found += [_labelled(row, file, label) for row, file in zip(rows, files, strict=True)]
    if not found:
        hint = "expected a table with image and label, or a folder with one folder of pictures per label"
        raise UserError("there is no picture", where=", ".join(map(str, paths)), hint=hint)
    return found


def _labelled(row: Fields, picture: Path, column: str) -> LabelledPicture:
    label = row.values.get(column, "")
    if isinstance(label, bool | int | float) and not (isinstance(label, float) and not math.isfinite(label)):
        label = json.dumps(label)
    label = single_line(json_text(label, column, row.where))
    if not label:
        hint = "give every picture a label, or delete its line"
        raise UserError("the label is empty", where=row.where, hint=hint)
    return LabelledPicture(picture, label, row.where, box=_box(row), parts=_parts(row))


def _box(row: Fields) -> Box | None:
    sides = row.values.get("box")
    if sides is None:
        sides = [row.values.get(side, "") for side in SIDES]
        if all(side in ("", None) for side in sides):
            return None
    numbers = _numbers(sides, 4)
    if numbers is None or not (numbers[0] < numbers[2] and numbers[1] < numbers[3]):
        raise UserError(
            f"the box is {sides!r}", where=row.where,
            hint="expected left, top, right and bottom in pixels, with left below right and top below bottom",
        )  # fmt: skip
    return numbers[0], numbers[1], numbers[2], numbers[3]


def _parts(row: Fields) -> Mapping[str, Point]:
    parts = row.values.get("parts")
    if isinstance(parts, str) and parts.strip():
        try:
            parts = json.loads(parts)
        except (ValueError, RecursionError):
            parts = [parts]
    if parts in (None, "", {}):
        return {}
    points = {name: _numbers(point, 2) for name, point in parts.items()} if isinstance(parts, dict) else {"": None}
    if None in points.values():
        hint = 'expected {"name": [x, y]} in pixels, with the parts that can be seen'
        raise UserError(f"the parts are {parts!r}", where=row.where, hint=hint)
    return {name: (point[0], point[1]) for name, point in points.items() if point is not None}


def _numbers(values: Any, count: int) -> list[float] | None:
    """Finite numbers, from JSON or from cells; None where there are not `count` of them."""
    if not isinstance(values, list) or len(values) != count:
        return None
    try:
        numbers = [float(value) for value in cast(list[Any], values) if not isinstance(value, bool)]
    except (TypeError, ValueError):
        return None
    return numbers if len(numbers) == count and all(map(math.isfinite, numbers)) else None


def _folder(folder: Path) -> Iterator[LabelledPicture]:
    entries = list_folder(folder)
    loose = next((entry for entry in entries if not is_folder(entry)), None)
    if loose is not None:
        hint = "expected one folder per label, with its pictures, or a table"
        raise UserError(f"there is a file beside the folders of labels: {loose.name!r}", where=str(folder), hint=hint)
    for entry in entries:
        yield from (LabelledPicture(picture, entry.name, str(picture)) for picture in list_folder(entry))


__all__ = [
    "SIDES",
    "Captioned",
    "LabelledPicture",
    "PictureExample",
    "Point",
    "caption_columns",
    "label_columns",
    "read_captions",
    "read_labelled_pictures",
]
