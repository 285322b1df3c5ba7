"""Options that are some tasks' own, refused where the task does not know them."""

from collections.abc import Callable, Mapping
from typing import Any

from heedful.errors import UserError
from heedful.task.base import Task


def check_options(
    task: Task, command: str, options: Mapping[str, Any], *, spell: Callable[[str], str] = str
) -> dict[str, Any]:
    """The options, all of which this command of the task knows; `spell` says how the user writes a name.

    Raises: UserError, for one that it does not know.
    """
    known = task.options.get(command, frozenset())
    for name in options:
        if name not in known:
            own = ", ".join(map(spell, sorted(known)))
            raise UserError(
                f"{spell(name)} is not for the task {task.name!r}",
                hint=f"its own options for {command} are {own}" if own else f"it has none of its own for {command}",
            )
    return dict(options)
