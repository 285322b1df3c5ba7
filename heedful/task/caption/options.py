"""Options of captioning."""

from heedful.task.option import BEAM, CONTROL, FEATURES, PICTURES, STRICT, Option

OPTIONS: tuple[Option, ...] = (STRICT, PICTURES, FEATURES, BEAM, CONTROL)
