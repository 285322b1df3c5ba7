"""The papers behind the models, as one cites them: a file a task."""

from heedful.task.papers.paper import Paper

__all__ = ["Paper"]
