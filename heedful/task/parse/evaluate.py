"""Scores a parser on trees: brackets, exact and well-formed trees, and the loss."""

from collections.abc import Sequence
from typing import Any

from heedful.data.tree import ParsedText, Tree
from heedful.errors import UserError
from heedful.metric.brackets import score_brackets
from heedful.task.parse.parser import Parser


def evaluate(parser: Parser, gold: Sequence[ParsedText], *, beam: int | None = None) -> dict[str, Any]:
    """Labelled brackets by evalb's rules, in percent; the fraction of exact trees; the loss per gold symbol in nats.

    `well_formed` is the fraction of outputs that are trees over their words. Other outputs count as flat trees. The
    words beyond the longest input are attached at the root.
    """
    trees = [parsed.tree for parsed in gold]
    longest = parser.config.longest_source
    inputs = [list(tree.words[:longest]) for tree in trees]
    hypotheses = parser.search([parser.source_ids(words) for words in inputs], beam or parser.config.decode.beam)
    parses = [_tree(parser, hypothesis.tokens, words) for hypothesis, words in zip(hypotheses, inputs, strict=True)]
    # evalb compares trees over the same words, so that words that were not read have to be in the tree as well.
    completed = [
        _completed(parse or flat(words), tree.words[len(words) :])
        for parse, words, tree in zip(parses, inputs, trees, strict=True)
    ]
    score = score_brackets(trees, completed)
    well_formed = sum(parse is not None for parse in parses)
    return {
        "bracket_f1": score.f1,
        "bracket_precision": score.precision,
        "bracket_recall": score.recall,
        "exact": score.exact_match,
        "well_formed": well_formed / max(1, len(trees)),
        "loss": parser.loss([parser.example(tree) for tree in trees if len(tree.words) <= longest]),
        "sentences": len(trees),
    }


def flat(words: Sequence[str]) -> Tree:
    """A flat tree, for outputs that are not trees."""
    return Tree("S", tuple(Tree("XX", word=word) for word in words))


def _tree(parser: Parser, tokens: Sequence[int], words: Sequence[str]) -> Tree | None:
    try:
        return parser.symbols.tree(tokens, words)
    except UserError:
        return None


def _completed(tree: Tree, rest: Sequence[str]) -> Tree:
    """The tree with the words that were not read attached at its root."""
    return Tree(tree.label, (*tree.children, *(Tree("XX", word=word) for word in rest))) if rest else tree
