"""Options that are some tasks' own: gathered from a command, and refused where the task does not know them."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from heedful.task.base import Task


def own_options(task: "Task", command: str, **given: Any) -> dict[str, Any]:
    """The options of a command that were given (not None or False), by name.

    Raises: UserError, for one that this task does not know.
    """
    from heedful.task.options import check_options

    chosen = {name: value for name, value in given.items() if value is not None and value is not False}
    return check_options(task, command, chosen, spell=spelt)


def spelt(name: str) -> str:
    """The option of a name, as it is typed."""
    return f"--{name.replace('_', '-')}"
