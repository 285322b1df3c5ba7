"""Captions in the files that data sets come with: COCO's captions_*.json, and the token files of Flickr8k and 30k."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, cast

from heedful.data.text import format_suffix, iterate_lines
from heedful.errors import UserError

_TOKEN = re.compile(r"(?P<name>[^\t]+)#\d+\t(?P<caption>.*)")
"""A line of a Flickr token file: ``photo.jpg#0``, a tab, a caption."""

_EXPECTED = 'expected COCO captions: {"images": [{"id": 1, "file_name": "…"}], "annotations": [{"image_id": 1, …}]}'


class CaptionRow(NamedTuple):
    """A caption, the picture's name as written, and where both come from."""

    name: str
    caption: str
    where: str


def is_token_file(path: Path) -> bool:
    """Whether the first line of a text file is that of a Flickr token file.

    Raises: UserError, when the file cannot be read.
    """
    return format_suffix(path) not in (".csv", ".jsonl", ".json") and any(
        _TOKEN.fullmatch(line) for line in islice(iterate_lines(path), 1)
    )


def read_token_file(path: Path) -> Iterator[CaptionRow]:
    """The captions of a Flickr token file, one a line: ``photo.jpg#0``, a tab, a caption.

    Raises: UserError with file:line, for any other line.
    """
    for number, line in enumerate(iterate_lines(path), start=1):
        if not line.strip():
            continue
        found, where = _TOKEN.fullmatch(line), f"{path}:{number}"
        if found is None:
            raise UserError(
                f"expected photo.jpg#0, a tab and a caption, found {line[:60]!r}",
                where=where,
                hint="the first line of this file is one of a Flickr token file; write all of them in that way",
            )
        yield CaptionRow(found["name"].strip(), found["caption"], where)


def read_coco(path: Path) -> Iterator[CaptionRow]:
    """The captions of a COCO file, in the order of its annotations.

    Raises: UserError, which names the annotation or the image, for anything else, for an annotation without its image,
        and for images without a caption.
    """
    try:
        content: Any = json.loads("\n".join(iterate_lines(path)))
    except (json.JSONDecodeError, RecursionError) as error:
        raise UserError(f"this is not JSON: {error}", where=str(path), hint=_EXPECTED) from error
    if not isinstance(content, dict):
        raise UserError(f"expected an object, found a {type(content).__name__}", where=str(path), hint=_EXPECTED)
    names = _names(_objects(content, "images", path), path)
    captioned: set[Any] = set()
    for number, annotation in enumerate(_objects(content, "annotations", path)):
        where = f"{path}: annotation {annotation.get('id', number)}"
        image, caption = annotation.get("image_id"), annotation.get("caption")
        if not isinstance(caption, str):
            raise UserError(f"its caption is {caption!r}", where=where, hint="expected text in 'caption'")
        if not isinstance(image, int | str) or image not in names:
            hint = "delete the annotation, or add its image"
            raise UserError(f"there is no image with its image_id, {image!r}", where=where, hint=hint)
        captioned.add(image)
        yield CaptionRow(names[image], caption, where)
    without = [name for image, name in names.items() if image not in captioned]
    if without:
        more = f", nor have {len(without) - 1} others" if len(without) > 1 else ""
        hint = "delete the images without annotations"
        raise UserError(f"the image {without[0]!r} has no caption{more}", where=str(path), hint=hint)


def _objects(content: Mapping[str, Any], key: str, path: Path) -> Sequence[Mapping[str, Any]]:
    found = content.get(key)
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in cast(list[Any], found)):
        raise UserError(f"there is no list of objects in {key!r}", where=str(path), hint=_EXPECTED)
    return cast(list[Mapping[str, Any]], found)


def _names(images: Sequence[Mapping[str, Any]], path: Path) -> dict[Any, str]:
    """The names of files by the ids of their images."""
    names: dict[Any, str] = {}
    for number, image in enumerate(images):
        key, name = image.get("id"), image.get("file_name")
        if not isinstance(key, int | str) or not isinstance(name, str) or not name:
            hint = "expected 'id' and 'file_name'"
            raise UserError(f"image {number} has id {key!r} and file_name {name!r}", where=str(path), hint=hint)
        if names.setdefault(key, name) != name:
            raise UserError(f"two images have the id {key!r}", where=str(path), hint="give each an id of its own")
    return names
