"""Options of matching pairs."""

from heedful.task.option import VECTORS, Option

OPTIONS: tuple[Option, ...] = (VECTORS,)
