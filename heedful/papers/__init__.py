"""Papers, and how they are cited."""

from heedful.papers.paper import Paper

__all__ = ["Paper"]
