"""Settings whose values are names from a closed table."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol, runtime_checkable

from heedful.errors import UserError, did_you_mean


@runtime_checkable
class HasChoices(Protocol):
    """Settings of which some have a name from a table as their value."""

    @classmethod
    def choices(cls) -> Mapping[str, Iterable[str]]:
        """The names that each of these settings may have."""
        ...


def known(name: str, table: Iterable[str], *, what: str) -> str:
    """Returns `name` if the table has it.

    Raises: UserError, quoting the unknown name and the most similar known one.
    """
    if name not in table:
        raise UserError(f"unknown {what} {name!r}", hint=did_you_mean(name, table))
    return name


def check_names(settings: Any) -> None:
    """Checks every setting that `choices` lists.

    Raises: UserError, for a name that its table does not have.
    """
    for what, names in settings.choices().items():
        known(getattr(settings, what), names, what=what)
