"""Options of classification."""

from heedful.task.option import VECTORS, Option

START = Option(
    "start", "a run folder of `heedful train pretrain` to initialise from.", ("train",), metavar="DIR", setting="start"
)

OPTIONS: tuple[Option, ...] = (VECTORS, START)
