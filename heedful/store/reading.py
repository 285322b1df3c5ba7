"""Reading from the file system: what the operating system refuses becomes a `UserError` that names the place."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from heedful.errors import UserError


@contextmanager
def reading(path: Path, what: str = "file") -> Generator[None]:
    """Turns an `OSError` of the block into a `UserError` about `path`; `what` is what the message calls it.

    Raises: UserError, with the reason that the system gives, such as "Permission denied".
    """
    try:
        yield
    except OSError as error:
        raise UserError(f"cannot read this {what}: {error.strerror or error}", where=str(path)) from error


def list_folder(folder: Path) -> list[Path]:
    """The entries of a folder in the order of their names, without those whose names begin with ".".

    Raises: UserError, when the folder is missing or must not be read.
    """
    with reading(folder, "folder"):
        return [entry for entry in sorted(folder.iterdir()) if not entry.name.startswith(".")]


def is_folder(path: Path) -> bool:
    """Whether the path is a folder; False where there is nothing.

    Raises: UserError, when the system does not tell, as inside a folder that must not be entered.
    """
    with reading(path):
        return path.is_dir()
