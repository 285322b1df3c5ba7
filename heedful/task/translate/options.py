"""Options of translation."""

from pathlib import Path

from heedful.task.option import BEAM, Option

VALID_ALIGNMENTS = Option(
    "valid_alignments",
    "gold links of the validation pairs (Pharaoh format); they choose the map to read.",
    ("train",),
    metavar="FILE",
    setting="data.valid_alignments",
)
TEST_ALIGNMENTS = Option(
    "test_alignments",
    "gold links of the test pairs (Pharaoh format); they add the alignment error rate.",
    ("train",),
    metavar="FILE",
    setting="data.test_alignments",
)
NBEST = Option("nbest", "outputs a sentence; more than 1 come numbered and scored.", ("predict",), int, minimum=1)
ALIGNMENT = Option(
    "alignment",
    "`pharaoh` adds ` ||| 0-0 1-2`, links of words, from 0.",
    ("predict",),
    metavar="FORMAT",
    choices=("pharaoh",),
)
ALIGNMENTS = Option(
    "alignments", "gold links of the pairs, in Pharaoh format; adds aer.", ("eval",), Path, metavar="FILE"
)
ONE_BASED = Option("one_based", "the words of the links count from 1.", ("eval",), bool)

OPTIONS: tuple[Option, ...] = (VALID_ALIGNMENTS, TEST_ALIGNMENTS, BEAM, NBEST, ALIGNMENT, ALIGNMENTS, ONE_BASED)
