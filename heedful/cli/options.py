"""Makes command-line flags of the options of tasks.

A command takes the options of all tasks as ``**options``. `with_task_options` adds a parameter for each of them to its
signature, where typer finds it. The help text names the tasks that accept an option.
"""

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from heedful.cli.arguments import check_choice
from heedful.task.option import Option, check_options, flag
from heedful.task.tasks import options_of_tasks

if TYPE_CHECKING:
    from heedful.task.base import Task

Command = Callable[..., None]


def with_task_options(command: str) -> Callable[[Command], Command]:
    """A decorator that replaces ``**options`` of a command by one parameter for each option of a task."""

    def decorate(run: Command) -> Command:
        signature = inspect.signature(run)
        parameters = signature.parameters.values()
        fixed = [parameter for parameter in parameters if parameter.kind is not inspect.Parameter.VAR_KEYWORD]
        flags = [_parameter(option, tasks) for option, tasks in options_of_tasks(command).values()]
        # Typer reads the signature for names and defaults, and the annotations for types.
        run.__signature__ = signature.replace(parameters=[*fixed, *flags])  # pyright: ignore[reportFunctionMemberAccess]
        run.__annotations__ |= {parameter.name: parameter.annotation for parameter in flags}
        return run

    return decorate


def task_options(task: "Task[Any, Any]", command: str, values: dict[str, Any]) -> dict[str, Any]:
    """The options that the user set, which are those that are not None or False, by name.

    Raises: UserError, for an option that this task does not accept.
    """
    chosen = {name: value for name, value in values.items() if value is not None and value is not False}
    return check_options(task.name, task.options, command, options=chosen, spell=flag)


def _parameter(option: Option, tasks: list[str]) -> inspect.Parameter:
    """The typer parameter of an option."""
    declared = typer.Option(
        flag(option.name),
        help=f"{', '.join(tasks)}: {option.help}",
        metavar=option.metavar,
        min=option.minimum,
        callback=_check_choice(option) if option.choices else None,
        show_default=False,
    )
    kind, default = (bool, False) if option.kind is bool else (option.kind | None, None)
    return inspect.Parameter(
        option.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, declared]
    )


def _check_choice(option: Option) -> Callable[[str | None], str | None]:
    """A check of the word that was given, which runs before a run folder is loaded."""

    def check(word: str | None) -> str | None:
        if word is not None:
            check_choice(word, option.choices, option.name)
        return word

    return check
