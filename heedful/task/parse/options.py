"""Options of parsing."""

from pathlib import Path

from heedful.task.option import BEAM, Option

TREE = Option("tree", "the tree as a drawing.", ("show",), Path, metavar="OUT.svg")

OPTIONS: tuple[Option, ...] = (BEAM, TREE)
