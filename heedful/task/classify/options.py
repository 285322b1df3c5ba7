"""Options of classification."""

from heedful.task.option import VECTORS, Option

START = Option(
    "start", "a run folder of `heedful train pretrain` to initialise from.", ("train",), metavar="DIR", setting="start"
)

TOP = Option(
    "top",
    "how many labels to list, the most probable first, or all. [default: all of up to 100 labels, 5 of more]",
    ("predict",),
    metavar="K",
)

PER_LABEL = Option(
    "per_label", "write the scores of every label to this .jsonl file, one per line.", ("eval",), metavar="FILE"
)

OPTIONS: tuple[Option, ...] = (VECTORS, START, TOP, PER_LABEL)
