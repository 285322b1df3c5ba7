"""Old public names that keep working for one release, with a warning that names the new one.

A module that renamed something lists it in a table and ends with

    def __getattr__(name: str) -> object:
        return deprecated_attribute(__name__, name, _RENAMED)
"""

import importlib
import warnings
from collections.abc import Mapping
from typing import NamedTuple


class Renamed(NamedTuple):
    """Where the object behind an old name is now, as "module:attribute", and what to write in place of the old name."""

    target: str
    instead: str


def deprecated_attribute(module: str, name: str, renamed: Mapping[str, Renamed]) -> object:
    """The object behind an old name of a module, for the module's ``__getattr__`` (PEP 562).

    Raises: AttributeError, when the module never had the name.
    """
    if name not in renamed:
        raise AttributeError(f"module {module!r} has no attribute {name!r}")
    target, instead = renamed[name]
    # 3: past this function and the module's __getattr__, to the line that used the old name.
    warn_deprecated(f"{module}.{name}", instead, stacklevel=3)
    home, _, attribute = target.partition(":")
    return getattr(importlib.import_module(home), attribute)


def warn_deprecated(old: str, instead: str, *, stacklevel: int) -> None:
    """Warns that `old` goes with the next release; `stacklevel` counts from the caller, as in `warnings.warn`."""
    message = f"{old} is deprecated and will be removed in the next release: use {instead}"
    warnings.warn(message, DeprecationWarning, stacklevel=stacklevel + 1)
