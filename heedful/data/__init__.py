"""From files to batches: readers, tokenisers, length buckets, checks, word alignments, and a synthetic corpus.

For translation: `read_pairs` reads files into `Pair`s, `prepare` encodes them as `Example`s with a `Tokeniser`,
`BatchPlan` groups examples of similar length, and `collate` turns each group into tensors.
"""

from heedful.data.batch import Example, PairBatch, collate, pad_sources
from heedful.data.bucket import BatchPlan, BatchStream, Share, lengths_of
from heedful.data.document import UNLABELLED, Document, DocumentBatch, collate_documents
from heedful.data.labelled import Labelled, read_labelled
from heedful.data.pair_report import PairReport, check_pairs
from heedful.data.pairs import Pair, read_pairs
from heedful.data.prepare import Prepared, prepare
from heedful.data.report import Report
from heedful.data.sentence import split_sentences
from heedful.data.text import iterate_lines, read_lines
from heedful.data.tokenise import (
    CharacterTokeniser,
    SentencePieceTokeniser,
    Tokeniser,
    WordTokeniser,
    load_tokeniser,
)
from heedful.data.vectors import read_vectors

__all__ = [
    "UNLABELLED",
    "BatchPlan",
    "BatchStream",
    "CharacterTokeniser",
    "Document",
    "DocumentBatch",
    "Example",
    "Labelled",
    "Pair",
    "PairBatch",
    "PairReport",
    "Prepared",
    "Report",
    "SentencePieceTokeniser",
    "Share",
    "Tokeniser",
    "WordTokeniser",
    "check_pairs",
    "collate",
    "collate_documents",
    "iterate_lines",
    "lengths_of",
    "load_tokeniser",
    "pad_sources",
    "prepare",
    "read_labelled",
    "read_lines",
    "read_pairs",
    "read_vectors",
    "split_sentences",
]
