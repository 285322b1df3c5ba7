"""Options of labelling pictures."""

from heedful.task.option import CONTROL, FEATURES, PICTURES, STRICT, Option

ATTRIBUTES = Option(
    "attributes",
    "a table with label, part, attribute and value (a share from 0 to 1), for the model attribute-guided.",
    ("train",),
    metavar="FILE",
    setting="data.attributes",
)

CONTROLS = ("centre", "random")
"""Where a control looks: at the centre of the picture, or anywhere."""

OPTIONS: tuple[Option, ...] = (STRICT, PICTURES, FEATURES, ATTRIBUTES, CONTROL)
