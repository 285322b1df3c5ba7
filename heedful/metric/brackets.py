"""How good trees are: labelled brackets counted as evalb counts them, and whole trees."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from heedful.data.tree import Tree
from heedful.data.tree.clean import TOPS
from heedful.data.tree.linear import PUNCTUATION

EQUAL = {"PRT": "ADVP"}
"""Labels that count as another: a particle found as an adverb is no mistake (EQ_LABEL ADVP PRT)."""

Span = tuple[str, int, int]


@dataclass(frozen=True)
class BracketScore:
    """Counts over all sentences, and what is made of them: brackets in percent, as evalb does, sentences as a share.

    `matched` of `gold` brackets were among the `found`; `exact` of `sentences` had all brackets right and none more.
    """

    matched: int
    gold: int
    found: int
    exact: int
    sentences: int

    @property
    def precision(self) -> float:
        """How many of the brackets found are right."""
        return _percent(self.matched, self.found)

    @property
    def recall(self) -> float:
        """How many of the right brackets were found."""
        return _percent(self.matched, self.gold)

    @property
    def f1(self) -> float:
        """Their harmonic mean, 2 matched / (gold + found)."""
        return _percent(2 * self.matched, self.gold + self.found)

    @property
    def exact_match(self) -> float:
        """The share of sentences that are right as a whole, from 0 to 1."""
        return self.exact / max(1, self.sentences)


def score_brackets(gold: Sequence[Tree], found: Sequence[Tree]) -> BracketScore:
    """Labelled brackets of all sentences together, by the rules of evalb with COLLINS.prm.

    A bracket is a label and the words it spans; part-of-speech tags are none, nor is a label such as TOP that only
    begins a tree. Words whose gold tag is punctuation are taken out first, in both trees (found trees need no tags),
    and brackets that hold nothing else with them. Brackets that occur twice, as in unary chains, count twice. PRT
    counts as ADVP.
    Raises: ValueError, when the trees differ in number, or a pair in its words.
    Source: Black et al. 1991; Sekine and Collins, evalb 2008 (EVALB/COLLINS.prm).
    """
    if len(gold) != len(found):
        raise ValueError(f"{len(gold)} gold trees but {len(found)} found: give one for each sentence.")
    matched = wanted = given = exact = 0
    for right, other in zip(gold, found, strict=True):
        if right.words != other.words:
            raise ValueError(f"the gold tree has the words {_shown(right)}, the tree found {_shown(other)}.")
        counted = [leaf.label not in PUNCTUATION for leaf in right.leaves]
        ours, theirs = Counter(brackets(right, counted)), Counter(brackets(other, counted))
        matched += (ours & theirs).total()
        wanted += ours.total()
        given += theirs.total()
        exact += ours == theirs
    return BracketScore(matched, wanted, given, exact, len(gold))


def brackets(tree: Tree, counted: Iterable[bool]) -> list[Span]:
    """The label, first word and end of every constituent, over the words that count."""
    left = [0]  # how many words that count stand before each word
    for counts in counted:
        left.append(left[-1] + counts)
    spans: list[Span] = []
    _collect(tree, 0, left, spans)
    return spans


def _collect(node: Tree, word: int, left: list[int], spans: list[Span]) -> int:
    """Append the node's brackets; `word` is its first word. Returns the word after it."""
    if node.word is not None:
        return word + 1
    place, end = len(spans), word
    for child in node.children:
        end = _collect(child, end, left, spans)
    if node.label not in TOPS and left[word] < left[end]:
        spans.insert(place, (EQUAL.get(node.label, node.label), left[word], left[end]))
    return end


def _percent(part: int, whole: int) -> float:
    return 100 * part / whole if whole else 0.0


def _shown(tree: Tree, limit: int = 60) -> str:
    text = " ".join(tree.words)
    return repr(text if len(text) <= limit else f"{text[: limit - 1]}…")
