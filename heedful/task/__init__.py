"""Tasks: how one is read, which models serve it, how it is scored, and the folder it leaves.

Importing this room is cheap; its public names are loaded when they are first used.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from heedful.task.commands import evaluate, fit, load, show
    from heedful.task.tasks import all_tasks, task_named

__all__ = ["all_tasks", "evaluate", "fit", "load", "show", "task_named"]


def __getattr__(name: str) -> object:
    """Loads a public name from its module (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module 'heedful.task' has no attribute {name!r}")
    home = "tasks" if name in ("all_tasks", "task_named") else "commands"
    return getattr(importlib.import_module(f"heedful.task.{home}"), name)
