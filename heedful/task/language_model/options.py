"""Language modelling has no options that are specific to it."""

from heedful.task.option import Option

OPTIONS: tuple[Option, ...] = ()
