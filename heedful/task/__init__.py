"""Tasks: how one is read, which models serve it, how it is scored, and the folder it leaves."""

from heedful.task.commands import evaluate, fit, show
from heedful.task.tasks import all_tasks, load, task_named

__all__ = ["all_tasks", "evaluate", "fit", "load", "show", "task_named"]
