"""Options of captioning."""

from heedful.task.option import BEAM, Option

STRICT = Option(
    "strict", "stop at the first picture that cannot be read, in place of leaving it out.", ("train",), bool,
    setting="data.strict",
)  # fmt: skip
PICTURES = Option(
    "pictures",
    "the folder that names of pictures are relative to. [default: that of the table]",
    ("train",),
    metavar="DIR",
    setting="data.pictures",
)
FEATURES = Option(
    "features",
    "a folder of features that are read in place of pixels: NAME.npy for NAME.jpg, or a cache of features.",
    ("train",),
    metavar="DIR",
    setting="data.features",
)
CONTROL = Option(
    "control",
    "also score what needs no look at the picture: constant, shuffled, blank, neighbour; several with commas.",
    ("eval",),
    metavar="NAMES",
)

OPTIONS: tuple[Option, ...] = (STRICT, PICTURES, FEATURES, BEAM, CONTROL)
