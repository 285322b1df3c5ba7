"""Options of translation."""

from pathlib import Path

from heedful.task.option import BEAM, Option

VALID_ALIGNMENTS = Option(
    "valid_alignments",
    "gold links of the validation pairs (Pharaoh format), to choose the map that is read as alignment.",
    ("train",),
    metavar="FILE",
    setting="data.valid_alignments",
)
TEST_ALIGNMENTS = Option(
    "test_alignments",
    "gold links of the test pairs (Pharaoh format); adds the alignment error rate.",
    ("train",),
    metavar="FILE",
    setting="data.test_alignments",
)
NBEST = Option(
    "nbest", "translations per sentence; with more than 1 they are numbered and scored.", ("predict",), int, minimum=1
)
ALIGNMENT = Option(
    "alignment",
    "`pharaoh` adds ` ||| 0-0 1-2`: links between words, counted from 0.",
    ("predict",),
    metavar="FORMAT",
    choices=("pharaoh",),
)
ALIGNMENTS = Option(
    "alignments",
    "gold links of the pairs (Pharaoh format); adds the alignment error rate.",
    ("eval",),
    Path,
    metavar="FILE",
)
ONE_BASED = Option("one_based", "the links count words from 1.", ("eval",), bool)

OPTIONS: tuple[Option, ...] = (VALID_ALIGNMENTS, TEST_ALIGNMENTS, BEAM, NBEST, ALIGNMENT, ALIGNMENTS, ONE_BASED)
