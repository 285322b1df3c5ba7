"""Flags of commands from the options of tasks, and which of them a task takes.

A command takes the options of all tasks as ``**options``; `with_task_options` writes them into its signature, where
typer finds them. Help says for which tasks an option is.
"""

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from heedful.task.option import Option, check_options, flag
from heedful.task.tasks import options_of_tasks

if TYPE_CHECKING:
    from heedful.task.base import Task

Command = Callable[..., None]


def with_task_options(command: str) -> Callable[[Command], Command]:
    """A command whose ``**options`` are replaced by a parameter for each option that some task has for it."""

    def decorate(run: Command) -> Command:
        signature = inspect.signature(run)
        fixed = [one for one in signature.parameters.values() if one.kind is not inspect.Parameter.VAR_KEYWORD]
        flags = [_parameter(option, tasks) for option, tasks in options_of_tasks(command).values()]
        run.__signature__ = signature.replace(parameters=[*fixed, *flags])  # pyright: ignore[reportFunctionMemberAccess]
        run.__annotations__ |= {one.name: one.annotation for one in flags}
        return run

    return decorate


def task_options(task: "Task[Any, Any]", command: str, given: dict[str, Any]) -> dict[str, Any]:
    """The options of a command that were given (not None or False), by name.

    Raises: UserError, for one that this task does not know.
    """
    chosen = {name: value for name, value in given.items() if value is not None and value is not False}
    return check_options(task.name, task.options, command, chosen, spell=flag)


def _parameter(option: Option, tasks: list[str]) -> inspect.Parameter:
    """The flag of an option as typer wants it."""
    declared = typer.Option(
        flag(option.name),
        help=f"{', '.join(tasks)}: {option.help}",
        metavar=option.metavar,
        min=option.minimum,
        show_default=False,
    )
    kind, default = (bool, False) if option.kind is bool else (option.kind | None, None)
    return inspect.Parameter(
        option.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, declared]
    )
