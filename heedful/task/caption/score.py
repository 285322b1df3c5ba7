"""Scores of captions against several references: BLEU, ROUGE-L, CIDEr-D, exact and distinct captions."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import torch

from heedful.data.tokenise.base import CJK
from heedful.errors import require
from heedful.metric.captions import cider_d, rouge_l

_WORD = re.compile(rf"[{CJK}]|[^\W_{CJK}]+(?:['’\-][^\W_{CJK}]+)*")

WORDS = "words in lower case without punctuation; each Chinese or Japanese character is a word"
"""How captions are cut into words, which scores depend on."""

ORDERS = (1, 2, 3, 4)
STILL = 1e-3
"""Maps whose weights change by less than this from word to word are those of a dead attention."""

_ALIKE = 0.5  # a share of pictures with one and the same caption


def caption_words(text: str) -> list[str]:
    """A caption as words, for scores: in lower case and without punctuation.

    >>> caption_words("A dog's ball, red-hot.")
    ['a', "dog's", 'ball', 'red-hot']
    """
    return _WORD.findall(text.lower())


def score_captions(captions: Sequence[str], references: Sequence[Sequence[str]]) -> dict[str, Any]:
    """BLEU-1 to BLEU-4 in percent, ROUGE-L, CIDEr-D (0 to 10), and the fraction of captions equal to a reference.

    The document frequencies of CIDEr-D are those of these references. BLEU is sacrebleu's, over the same words as the
    other scores.
    Source: Papineni et al. 2002; Post 2018 (arXiv:1804.08771); see `heedful.metric.captions` for the others.
    """
    said = [caption_words(caption) for caption in captions]
    expected = [[caption_words(reference) for reference in of_picture] for of_picture in references]
    results: dict[str, Any] = _bleu(said, expected)
    results["rouge_l"] = round(_mean(rouge_l(said, expected)), 4)
    results["cider_d"] = round(_mean(cider_d(said, expected)), 4)
    same = [words in of_picture for words, of_picture in zip(said, expected, strict=True)]
    results["exact"] = round(_mean([float(each) for each in same]), 4)
    return results


def variety(captions: Sequence[str]) -> dict[str, float]:
    """`distinct`: the fraction of captions that differ from one another; `same`: that of the most frequent one."""
    counts = Counter(captions)
    total = max(1, len(captions))
    return {"distinct": round(len(counts) / total, 4), "same": round(max(counts.values(), default=0) / total, 4)}


def movement(maps: Sequence[torch.Tensor]) -> float:
    """How much weights change from word to word, at most over cells and words, as the mean over maps ``[T, S]``.

    Maps of one word are left out; 0 if there are no others.
    """
    moved = [(map_[1:] - map_[:-1]).abs().max().item() for map_ in maps if map_.shape[0] > 1]
    return _mean(moved)


def doubts(numbers: Mapping[str, float]) -> dict[str, str]:
    """What suggests that a model does not look at its pictures, by the name of the number, as lines for the user."""
    found: dict[str, str] = {}
    same, moves = numbers.get("same", 0.0), numbers.get("moves")
    if same > _ALIKE:
        found["same"] = f"validation: the same caption for {100 * same:.0f} % of pictures"
    if moves is not None and moves < STILL:
        found["moves"] = f"validation: maps hardly change between words, by {moves:.1g} at most on average"
    return found


def _bleu(said: Sequence[Sequence[str]], expected: Sequence[Sequence[Sequence[str]]]) -> dict[str, Any]:
    metrics = require("sacrebleu.metrics", extra="train")
    lines = [" ".join(words) for words in said]
    most = max(map(len, expected), default=0)
    # sacrebleu takes references by their number; None where a picture has fewer.
    streams = [
        [" ".join(of_picture[number]) if number < len(of_picture) else None for of_picture in expected]
        for number in range(most)
    ]
    results: dict[str, Any] = {}
    for order in ORDERS:
        bleu = metrics.BLEU(tokenize="none", max_ngram_order=order, force=True)
        results[f"bleu_{order}"] = round(bleu.corpus_score(lines, streams).score, 2)
    return results


def _mean(numbers: Sequence[float]) -> float:
    return sum(numbers) / max(1, len(numbers))
