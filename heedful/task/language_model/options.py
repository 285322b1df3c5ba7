"""Options of language modelling: it has none of its own."""

from heedful.task.option import Option

OPTIONS: tuple[Option, ...] = ()
