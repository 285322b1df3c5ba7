"""Made-up corpora: English–Chinese sentences with gold word alignments, and titles of a shop with many categories."""

from heedful.data.corpus.measure import AlignedPair, Corpus, make_corpus
from heedful.data.corpus.titles import Shop, Title

__all__ = ["AlignedPair", "Corpus", "Shop", "Title", "make_corpus"]
