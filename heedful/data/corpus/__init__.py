"""A made-up English–Chinese corpus with gold word alignments, written by a small grammar."""

from heedful.data.corpus.measure import AlignedPair, Corpus, make_corpus

__all__ = ["AlignedPair", "Corpus", "make_corpus"]
