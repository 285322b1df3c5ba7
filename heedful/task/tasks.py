"""The closed table of tasks. Importing it is cheap: a task is loaded when it is asked for."""

import importlib
import importlib.util
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from heedful.errors import UserError, did_you_mean
from heedful.task.option import Option

if TYPE_CHECKING:
    from heedful.task.base import Task

_TASKS = {
    "translate": "Translate",
    "classify": "Classify",
    "pretrain": "Pretrain",
    "match": "MatchPairs",
    "parse": "ParseTask",
    "chat": "Chat",
    "language-model": "LanguageModelling",
}
"""A task's name and its class; its folder is called as the task, with ``_`` for ``-``, and holds `task.py`."""

NAMES = tuple(_TASKS)
"""The names of all tasks, in the order in which help lists them."""


def task_named(name: str) -> "Task[Any, Any]":
    """The task of a name.

    Raises: UserError for an unknown name, with the likeliest.
    """
    if name not in _TASKS:
        raise UserError(f"no task is called {name!r}", hint=did_you_mean(name, _TASKS))
    return cast("Task[Any, Any]", getattr(importlib.import_module(f"{_folder(name)}.task"), _TASKS[name])())


def all_tasks() -> "Iterator[Task[Any, Any]]":
    """Every task, in the order of the table."""
    return map(task_named, _TASKS)


def options_of_tasks(command: str) -> Mapping[str, tuple[Option, list[str]]]:
    """Every option that a command has for some task, with the names of those tasks."""
    found: dict[str, tuple[Option, list[str]]] = {}
    for task in _TASKS:
        if importlib.util.find_spec(f"{_folder(task)}.options") is None:
            continue  # a task without options of its own
        options: tuple[Option, ...] = importlib.import_module(f"{_folder(task)}.options").OPTIONS
        for option in options:
            if command in option.commands:
                found.setdefault(option.name, (option, []))[1].append(task)
    return found


def _folder(task: str) -> str:
    return f"heedful.task.{task.replace('-', '_')}"
