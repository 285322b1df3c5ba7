"""The synthetic English–Chinese corpus: a translation task with exact answers, gold alignments and a hard test.

`make_corpus` draws sentences from the rules of this package. Each source has exactly one correct translation. Each test
sentence has a combination of words (an adjective and its noun, a verb and its object, a number and the noun whose
measure word it needs) that does not occur in training, while each of its words does. To translate "three horses" as
三匹马 a model must have learnt the measure word from other numbers.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import chain, islice
from random import Random

from heedful.data.corpus import action, effect, joined, quality, relative
from heedful.data.corpus.phrase import Combination, Phrase

SHORTEST, LONGEST = 4, 20  # words of English, punctuation marks included
_HELD_OUT = 0.1  # of all combinations; a sentence has one or two
_MAX_TRIES = 100  # sentences drawn per test sentence before giving up: too little training data would loop forever

RULES: tuple[tuple[Callable[[Random], Phrase], int], ...] = (
    (action.statement, 5),
    (action.denial, 2),
    (action.question, 2),
    (action.state, 2),
    (action.modal, 2),
    (action.who, 1),
    (action.what, 2),
    (action.where, 1),
    (action.companion, 2),
    (action.oneself, 2),
    (action.request, 1),
    (quality.description, 3),
    (quality.comparison, 3),
    (quality.existence, 2),
    (effect.putting, 2),
    (effect.result, 2),
    (effect.passive, 2),
    (effect.transfer, 2),
    (relative.relative_is, 3),
    (relative.relative_does, 2),
    (relative.relative_done, 2),
    (joined.reason, 3),
    (joined.meanwhile, 2),
    (joined.sequence, 2),
    (joined.condition, 2),
    (joined.report, 2),
    (joined.opinion, 1),
    (joined.errand, 2),
    (joined.ellipsis, 2),
    (joined.handed_on, 2),
    (joined.seen_again, 2),
)


@dataclass(frozen=True, slots=True)
class AlignedPair:
    """A sentence, its translation, and the gold alignment.

    `source` has spaces between words and before punctuation; `target` has no spaces. A link (i, j) aligns word i of the
    source with character j of the target, both from 0. Every character has a link. Words without a counterpart, such
    as "the" and the "do" of a negation, have none.
    """

    source: str
    target: str
    links: frozenset[tuple[int, int]]
    combinations: frozenset[Combination] = field(default=frozenset(), repr=False)


@dataclass(frozen=True)
class Corpus:
    """Three disjoint sets of sentences: only those of `test` have combinations of `held_out`, at least one each."""

    train: list[AlignedPair]
    valid: list[AlignedPair]
    test: list[AlignedPair]
    held_out: frozenset[Combination]


def make_corpus(seed: int = 0, *, train: int = 6000, valid: int = 300, test: int = 500) -> Corpus:
    """Makes the corpus; the same arguments give the same sentences on every machine.

    The grammar is large enough: of 60,000 sentences drawn, 58,500 are distinct.
    Raises: ValueError, when the training sentences have too few words for the test.
    """
    drawn = sentences(Random(seed))
    known: list[AlignedPair] = []
    novel: list[AlignedPair] = []
    while len(known) < train + valid:
        pair = next(drawn)
        (novel if _novelties(pair, seed) else known).append(pair)
    # A test sentence tests combinations, so all of its words must occur in training.
    words, characters = _vocabulary(known[:train])
    chosen: list[AlignedPair] = []
    for pair in islice(chain(novel, drawn), _MAX_TRIES * test):
        if len(chosen) == test:
            break
        if _novelties(pair, seed) and words.issuperset(pair.source.split()) and characters.issuperset(pair.target):
            chosen.append(pair)
    if len(chosen) < test:
        raise ValueError(
            f"{train} training sentences have too few words for a test of {test}: ask for more training sentences"
        )
    held_out = frozenset[Combination]().union(*(_novelties(pair, seed) for pair in chosen))
    return Corpus(known[:train], known[train:], chosen, held_out)


def sentences(random: Random) -> Iterator[AlignedPair]:
    """An endless iterator over distinct sentences, drawn by the rules and their weights."""
    rules, weights = zip(*RULES, strict=True)
    sources: set[str] = set()
    while True:
        phrase = random.choices(rules, weights)[0](random)
        source = phrase.source
        if SHORTEST <= len(phrase.english) <= LONGEST and source not in sources:
            sources.add(source)
            yield AlignedPair(source, phrase.target, phrase.links, phrase.combinations)


def _novelties(pair: AlignedPair, seed: int) -> frozenset[Combination]:
    """The combinations of a sentence that must not occur in training."""
    return frozenset(combination for combination in pair.combinations if _is_held_out(combination, seed))


def _is_held_out(combination: Combination, seed: int) -> bool:
    """Whether a combination is held out: a fixed function of its words and the seed."""
    # A hash instead of a random draw: it does not depend on which sentences were drawn before, nor on the process.
    digest = blake2b(" ".join((*combination, str(seed))).encode(), digest_size=8).digest()
    return int.from_bytes(digest) < _HELD_OUT * 2**64


def _vocabulary(pairs: list[AlignedPair]) -> tuple[set[str], set[str]]:
    return {word for pair in pairs for word in pair.source.split()}, {sign for pair in pairs for sign in pair.target}
