"""Scores trees: labelled brackets by the rules of evalb, and exact trees."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from heedful.data.tree import Tree
from heedful.data.tree.clean import TOPS
from heedful.data.tree.linear import PUNCTUATION

EQUAL = {"PRT": "ADVP"}
"""Labels that evalb treats as equal to another label (EQ_LABEL ADVP PRT)."""

Span = tuple[str, int, int]


@dataclass(frozen=True)
class BracketScore:
    """Counts over all sentences. Scores of brackets are in percent, as in evalb; `exact_match` is a fraction.

    `matched` brackets are in both the `gold` and the `found` trees. All brackets match in `exact` of the `sentences`.
    """

    matched: int
    gold: int
    found: int
    exact: int
    sentences: int

    @property
    def precision(self) -> float:
        """The percentage of found brackets that are in the gold trees."""
        return _percent(self.matched, self.found)

    @property
    def recall(self) -> float:
        """The percentage of gold brackets that were found."""
        return _percent(self.matched, self.gold)

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall, 2 matched / (gold + found)."""
        return _percent(2 * self.matched, self.gold + self.found)

    @property
    def exact_match(self) -> float:
        """The fraction of sentences whose brackets all match, from 0 to 1."""
        return self.exact / max(1, self.sentences)


def score_brackets(gold: Sequence[Tree], found: Sequence[Tree]) -> BracketScore:
    """Labelled brackets of all sentences together, by the rules of evalb with COLLINS.prm.

    A bracket is a label and the words that it spans. Part-of-speech tags are not brackets, and neither is a root label
    such as TOP. Words whose gold tag is punctuation are first removed from both trees, and brackets that span nothing
    else with them; found trees need no tags. Brackets that occur twice, as in unary chains, count twice. PRT counts as
    ADVP.
    Raises: ValueError, when the trees differ in number, or a pair in its words.
    Source: Black et al. 1991; Sekine and Collins, evalb 2008 (EVALB/COLLINS.prm).
    """
    if len(gold) != len(found):
        raise ValueError(f"{len(gold)} gold trees but {len(found)} found: expected one for each sentence.")
    matched = of_gold = of_found = exact = 0
    for right, parse in zip(gold, found, strict=True):
        if right.words != parse.words:
            raise ValueError(f"the gold tree has the words {_shown(right)}, the tree found {_shown(parse)}.")
        # Gold tags decide for both trees: found trees may have no tags, or other ones.
        counted = [leaf.label not in PUNCTUATION for leaf in right.leaves]
        expected, actual = Counter(brackets(right, counted)), Counter(brackets(parse, counted))
        matched += (expected & actual).total()
        of_gold += expected.total()
        of_found += actual.total()
        exact += expected == actual
    return BracketScore(matched, of_gold, of_found, exact, len(gold))


def brackets(tree: Tree, counted: Iterable[bool]) -> list[Span]:
    """The label, first word and end of every constituent, counting only the words that are `counted`."""
    left = [0]  # how many counted words are before each word
    for counts in counted:
        left.append(left[-1] + counts)
    spans: list[Span] = []
    _collect(tree, 0, left, spans)
    return spans


def _collect(node: Tree, word: int, left: list[int], spans: list[Span]) -> int:
    """Adds the node's brackets to `spans`; `word` is its first word. Returns the index of the word after it."""
    if node.word is not None:
        return word + 1
    # Inserted before the brackets of the children, so that `spans` is in preorder.
    position, end = len(spans), word
    for child in node.children:
        end = _collect(child, end, left, spans)
    if node.label not in TOPS and left[word] < left[end]:
        spans.insert(position, (EQUAL.get(node.label, node.label), left[word], left[end]))
    return end


def _percent(part: int, whole: int) -> float:
    return 100 * part / whole if whole else 0.0


def _shown(tree: Tree, limit: int = 60) -> str:
    text = " ".join(tree.words)
    return repr(text if len(text) <= limit else f"{text[: limit - 1]}…")
