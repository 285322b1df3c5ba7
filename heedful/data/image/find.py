"""Finds the files that a table of pictures names, also where a name is written in another way than the file's."""

import unicodedata
from collections.abc import Iterable
from pathlib import Path

from heedful.data.text import nearby
from heedful.errors import UserError


class PictureFinder:
    """Finds pictures by name; lists each folder once at most, so that a table of many names is read fast.

    A file also matches when it differs only in the Unicode normal form, which macOS changes, or in the case of its
    suffix (.JPG).
    """

    def __init__(self) -> None:
        self._entries: dict[Path, dict[str, list[Path]]] = {}

    def find(self, folder: Path, name: str) -> Path | None:
        """The file of a table's picture `name`, relative to `folder` unless it is absolute; None if there is none.

        Where several files match equally well and none is written as the name is, there is none either.
        """
        path = folder / name
        if not name.strip():
            return None
        if _is_file(path):
            return path
        matching = self._matching(path)
        return matching[0] if len(matching) == 1 else None

    def _matching(self, path: Path) -> list[Path]:
        entries = self._entries.get(path.parent)
        if entries is None:
            entries = self._entries[path.parent] = {}
            for entry in _listed(path.parent):
                entries.setdefault(_as_written(entry), []).append(entry)
        return [entry for entry in entries.get(_as_written(path), []) if _is_file(entry)]


def find_picture(folder: Path, name: str) -> Path:
    """The file of a picture `name`, as `PictureFinder.find` does.

    Raises: UserError, when there is none, or several that match equally well.
    """
    found = PictureFinder().find(folder, name)
    if found is None:
        raise UserError("there is no such picture", where=str(folder / name), hint=nearby(folder / name))
    return found


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that no file can have: too long, or with a NUL
        return False


def _listed(folder: Path) -> Iterable[Path]:
    try:
        return sorted(folder.iterdir())
    except (OSError, ValueError):
        return ()


def _as_written(path: Path) -> str:
    return unicodedata.normalize("NFC", path.stem) + path.suffix.lower()
