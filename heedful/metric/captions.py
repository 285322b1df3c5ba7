"""Metrics of captions against several references: CIDEr-D and ROUGE-L. Captions are lists of words.

Both repeat the numbers of the COCO captioning challenge for the same words; how texts are cut into words changes them.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Words = Sequence[str]
Grams = Counter[tuple[str, ...]]

_ORDERS = (1, 2, 3, 4)
_SIGMA = 6.0
"""Of CIDEr-D's penalty for a difference in length, in words."""
_BETA = 1.2
"""How many times recall counts as much as precision in the challenge's ROUGE-L."""


@dataclass(frozen=True)
class DocumentFrequencies:
    """In how many of `pictures` pictures the references have each n-gram: the weights of CIDEr-D.

    Scores by different frequencies cannot be compared, so a result has to say whose they are.
    """

    counts: Counter[tuple[str, ...]]
    pictures: int

    @classmethod
    def of(cls, references: Iterable[Sequence[Words]]) -> "DocumentFrequencies":
        """The frequencies in the references of some pictures, usually those of the test set itself."""
        counts: Grams = Counter()
        pictures = 0
        for pictures, of_one in enumerate(references, start=1):  # noqa: B007 - the last number is the count
            counts.update(set().union(*(_grams(words) for words in of_one)))
        return cls(counts, pictures)

    def weight(self, gram: tuple[str, ...]) -> float:
        """The logarithm of pictures by pictures that have the n-gram; an unseen one counts as seen in one."""
        return math.log(max(1, self.pictures)) - math.log(max(1, self.counts[gram]))


def cider_d(
    captions: Sequence[Words],
    references: Sequence[Sequence[Words]],
    frequencies: DocumentFrequencies | None = None,
) -> list[float]:
    """CIDEr-D of each caption, between 0 and 10; the challenge's score is their mean.

    The similarity of TF-IDF vectors of n-grams up to four, clipped and with a penalty on the difference in length.
    `frequencies` are those of `references` by default, which needs some pictures: with one all weights are 0.
    Raises: ValueError, when the lists differ in length or a picture has no reference.
    Source: Vedantam et al. 2015, section 6 (arXiv:1411.5726). As in the authors' code, lengths are counted in pairs of
    words.
    """
    _check(captions, references)
    frequencies = DocumentFrequencies.of(references) if frequencies is None else frequencies
    return [_cider_of(words, of_one, frequencies) for words, of_one in zip(captions, references, strict=True)]


def rouge_l(captions: Sequence[Words], references: Sequence[Sequence[Words]]) -> list[float]:
    """ROUGE-L of each caption, between 0 and 1: from the longest common subsequence with each reference.

    The best precision and the best recall over references are combined, even if they come from different ones.
    Raises: ValueError, when the lists differ in length or a picture has no reference.
    Source: Lin 2004, section 3.1; beta as in the COCO challenge.
    """
    _check(captions, references)
    return [_rouge_of(words, of_one) for words, of_one in zip(captions, references, strict=True)]


def _check(captions: Sequence[Words], references: Sequence[Sequence[Words]]) -> None:
    if len(captions) != len(references):
        raise ValueError(f"{len(captions)} captions and references of {len(references)} pictures: expected as many.")
    empty = next((index for index, of_one in enumerate(references) if not of_one), None)
    if empty is not None:
        raise ValueError(f"picture {empty} has no reference.")


def _grams(words: Words) -> Grams:
    return Counter(tuple(words[i : i + n]) for n in _ORDERS for i in range(len(words) - n + 1))


class _Vector:
    """The TF-IDF weights of a caption by order, their norms, and its length in pairs of words."""

    def __init__(self, words: Words, frequencies: DocumentFrequencies) -> None:
        self.weights: dict[int, dict[tuple[str, ...], float]] = {n: {} for n in _ORDERS}
        for gram, count in _grams(words).items():
            self.weights[len(gram)][gram] = count * frequencies.weight(gram)
        self.norms = {n: math.sqrt(sum(w * w for w in of_order.values())) for n, of_order in self.weights.items()}
        self.length = max(0, len(words) - 1)


def _cider_of(words: Words, references: Sequence[Words], frequencies: DocumentFrequencies) -> float:
    caption = _Vector(words, frequencies)
    similarities = [_similarity(caption, _Vector(reference, frequencies)) for reference in references]
    return 10.0 * sum(similarities) / len(similarities)


def _similarity(caption: _Vector, reference: _Vector) -> float:
    """The mean cosine over orders, where no n-gram counts more often than in the reference."""
    total = 0.0
    for n in _ORDERS:
        theirs = reference.weights[n]
        product = sum(min(w, theirs[gram]) * theirs[gram] for gram, w in caption.weights[n].items() if gram in theirs)
        norm = caption.norms[n] * reference.norms[n]
        total += product / norm if norm else 0.0
    difference = caption.length - reference.length
    return total / len(_ORDERS) * math.exp(-(difference**2) / (2 * _SIGMA**2))


def _rouge_of(words: Words, references: Sequence[Words]) -> float:
    if not words:
        return 0.0
    common = [_longest_common(words, reference) for reference in references]
    precision = max(common) / len(words)
    recall = max(length / len(of) if of else 0.0 for length, of in zip(common, references, strict=True))
    if not precision or not recall:
        return 0.0
    return (1 + _BETA**2) * precision * recall / (recall + _BETA**2 * precision)


def _longest_common(first: Words, second: Words) -> int:
    """The length of the longest common subsequence."""
    row = [0] * (len(second) + 1)
    for word in first:
        diagonal = 0
        for j, other in enumerate(second, start=1):
            diagonal, row[j] = row[j], diagonal + 1 if word == other else max(row[j], row[j - 1])
    return row[-1]
