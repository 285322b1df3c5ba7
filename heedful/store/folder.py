"""Settings in YAML, whole text files, and the check that a run folder is complete."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import yaml

from heedful.errors import UserError, did_you_mean
from heedful.store.atomic import write_text_atomically
from heedful.store.reading import is_folder, reading


def write_yaml(path: Path, settings: Mapping[str, Any]) -> None:
    """Writes plain settings (strings, numbers, lists, mappings) as YAML, in their order.

    Raises: UserError, as `replacing` does.
    """
    plain = dict(settings)
    text = yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=100)
    # PyYAML writes a few characters (U+0085) unescaped and reads them as line breaks: then everything is escaped.
    if _parse(text) != plain:
        text = yaml.safe_dump(plain, sort_keys=False, width=100)
    write_text_atomically(path, text)


def read_yaml(path: Path) -> dict[str, Any]:
    """Reads settings from YAML with the safe loader: tags that would build objects are refused.

    Raises: UserError with file and line, when the file is missing, not UTF-8, not YAML or not a mapping.
    """
    try:
        content = _parse(read_text(path))
    except yaml.MarkedYAMLError as error:
        line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
        raise UserError(f"this is not plain YAML: {error.problem}", where=f"{path}{line}") from error
    # A ValueError is a date that does not exist, such as 2024-13-45.
    except (yaml.YAMLError, ValueError) as error:
        raise UserError(f"this is not plain YAML: {error}", where=str(path)) from error
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in cast(dict[object, object], content)):
        raise UserError(
            "expected settings as lines of 'name: value'", where=str(path), hint=f"found {str(content)[:40]!r}"
        )
    return cast(dict[str, Any], content)


def _parse(text: str) -> Any:
    """The content of YAML, read by libyaml where PyYAML has it: six times as fast for the labels of a large run."""
    # `yaml.safe_load` never uses libyaml; its safe loader refuses the same tags.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
    try:
        return loader.get_single_data()
    except yaml.YAMLError:
        # PyYAML's own loader says better what is wrong.
        return yaml.safe_load(text)
    finally:
        loader.dispose()


def read_text(path: Path) -> str:
    """Reads a whole UTF-8 text file.

    Raises: UserError with file and line, when it is missing, cannot be read or is not UTF-8.
    """
    with reading(path):
        raw = path.read_bytes()
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise UserError(
            f"this is not UTF-8: byte 0x{raw[error.start]:02x}", where=f"{path}:{line}", hint="save the file as UTF-8"
        ) from error


def check_folder(folder: Path, files: Iterable[str]) -> None:
    """Checks that a run folder is there and holds the files it should.

    Raises: UserError that names the folder and the first file that is missing; also when the folder must not be read.
    """
    if not is_folder(folder):
        raise _no_folder(folder)
    with reading(folder, "folder"):
        missing = [name for name in files if not (folder / name).is_file()]
    if missing:
        raise UserError(
            f"this run folder has no {', '.join(missing)}",
            where=str(folder),
            hint="copy the whole folder again, or train again",
        )


def _no_folder(folder: Path) -> UserError:
    """The error for a missing folder, with the closest name beside it."""
    if folder.exists():
        return UserError("this is a file", where=str(folder), hint="expected a folder written by training")
    options: list[str] = []
    # The names only make a better hint, so that a folder that must not be read is no error here.
    with suppress(OSError):
        options = [entry.name for entry in folder.parent.iterdir() if entry.is_dir()]
    close = did_you_mean(folder.name, options) if options else "expected a folder written by training"
    return UserError("there is no such folder", where=str(folder), hint=close)
