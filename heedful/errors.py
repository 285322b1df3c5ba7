"""Errors that a user can fix: one class, a guess at what was meant, and the check for extras.

A `UserError` is about the user's files, options or installation, not about our code: the command line prints
it as one line, without a traceback. Wrong shapes raise `heedful.shapes.ShapeError` instead.
"""

import difflib
import importlib
from collections.abc import Iterable
from types import ModuleType

_DISTRIBUTIONS = {"PIL": "Pillow", "yaml": "PyYAML"}  # where import and pip have different names
_SHOWN = 30  # of a list of choices


class UserError(Exception):
    """A file or option of the user cannot be used. The message says what, where, and how to fix it.

    `message` quotes what was given and what was expected, `where` is a location such as "file:line", and `hint` is the
    next thing to try. `str(error)` is all three on one line.

        >>> from heedful import UserError
        >>> str(UserError("expected 2 columns, found 3", where="pairs.tsv:7", hint="separate them by one tab"))
        'pairs.tsv:7: expected 2 columns, found 3 (separate them by one tab)'
    """

    def __init__(self, message: str, *, where: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        advice = f" ({self.hint})" if self.hint else ""
        return " ".join(f"{place}{self.message}{advice}".splitlines())

    def __reduce__(self) -> tuple[object, ...]:
        """Pickles the whole error, for worker processes."""
        # By default an exception is rebuilt from its positional arguments alone, without `where` and `hint`.
        return _rebuild, (self.message, self.where, self.hint)


def _rebuild(message: str, where: str | None, hint: str | None) -> UserError:
    return UserError(message, where=where, hint=hint)


def did_you_mean(name: str, options: Iterable[str]) -> str:
    """The end of a message about an unknown name: the closest option, then all of them.

    Returns: "did you mean 'dot'? choose from: cosine, dot", or only the choices when nothing is close.
    """
    known = sorted(set(options))
    by_lower = {option.lower(): option for option in known}
    close = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.6)
    guess = f"did you mean {by_lower[close[0]]!r}? " if close else ""
    if not known:
        return "there is nothing to choose from"
    more = f" and {len(known) - _SHOWN} more" if len(known) > _SHOWN else ""
    return f"{guess}choose from: {', '.join(known[:_SHOWN])}{more}"


def require(module: str, *, extra: str) -> ModuleType:
    """Imports a module of an optional extra, or says which extra to install.

    Raises: UserError, when the module is not installed; a module that is there but broken raises its own error.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        top = module.partition(".")[0]
        # The package is there, but something that it imports is not: that is another fault, and not for this message.
        if error.name != top:
            raise
        package = _DISTRIBUTIONS.get(top, top)
        # Only for this message: an import that succeeds needs none of it.
        from heedful.installed import install_command

        raise UserError(
            f"this needs the package {package!r}, which is not installed",
            hint=f"install the extra {extra!r}: {install_command(extra)}",
        ) from None
