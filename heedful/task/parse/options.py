"""Options of parsing."""

from pathlib import Path

from heedful.task.option import BEAM, Option

TREE = Option("tree", "file for a drawing of the tree.", ("show",), Path, metavar="OUT.svg")

OPTIONS: tuple[Option, ...] = (BEAM, TREE)
