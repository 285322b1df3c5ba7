"""Options that are some tasks' own: gathered from a command, and refused where the task does not know them."""

from typing import TYPE_CHECKING, Any

from heedful.errors import UserError

if TYPE_CHECKING:
    from heedful.task.base import Task


def own_options(task: "Task", command: str, **given: Any) -> dict[str, Any]:
    """The options of a command that were given (not None or False), by name.

    Raises: UserError, for one that this task does not know.
    """
    chosen = {name: value for name, value in given.items() if value is not None and value is not False}
    known = task.options.get(command, frozenset())
    for name in chosen:
        if name not in known:
            own = ", ".join(f"--{option.replace('_', '-')}" for option in sorted(known))
            raise UserError(
                f"--{name.replace('_', '-')} is not for the task {task.name!r}",
                hint=f"its own options for {command} are {own}" if own else f"it has none of its own for {command}",
            )
    return chosen
