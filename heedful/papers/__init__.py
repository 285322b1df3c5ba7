"""Papers: how they are cited, and which ones a model comes from."""

from heedful.papers.cite import cite
from heedful.papers.paper import Paper

__all__ = ["Paper", "cite"]
