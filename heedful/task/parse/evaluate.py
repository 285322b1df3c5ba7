"""A parser scored on trees: brackets, whole trees, how many are well-formed, the loss."""

from collections.abc import Sequence
from typing import Any

from heedful.data.tree import ParsedText, Tree
from heedful.errors import UserError
from heedful.metric.brackets import score_brackets
from heedful.task.parse.parser import Parser


def evaluate(parser: Parser, gold: Sequence[ParsedText], *, beam: int | None = None) -> dict[str, Any]:
    """Labelled brackets by evalb's rules, in percent; the share of whole trees; the loss of a gold symbol in nats.

    `well_formed` is the share of outputs that are trees over their words; one that is none counts as a flat tree.
    A sentence that is cut has its last words at the top.
    """
    trees = [one.tree for one in gold]
    longest = parser.config.longest_source
    read = [list(tree.words[:longest]) for tree in trees]
    found = parser.search([parser.source_ids(words) for words in read], beam or parser.config.decode.beam)
    parsed = [_tree(parser, one.tokens, words) for one, words in zip(found, read, strict=True)]
    whole = [
        _completed(tree or flat(words), right.words[len(words) :])
        for tree, words, right in zip(parsed, read, trees, strict=True)
    ]
    score = score_brackets(trees, whole)
    formed = sum(tree is not None for tree in parsed)
    return {
        "bracket_f1": score.f1,
        "bracket_precision": score.precision,
        "bracket_recall": score.recall,
        "exact": score.exact_match,
        "well_formed": formed / max(1, len(trees)),
        "loss": parser.loss([parser.example(tree) for tree in trees if len(tree.words) <= longest]),
        "sentences": len(trees),
    }


def flat(words: Sequence[str]) -> Tree:
    """A tree without structure."""
    return Tree("S", tuple(Tree("XX", word=word) for word in words))


def _tree(parser: Parser, tokens: Sequence[int], words: Sequence[str]) -> Tree | None:
    try:
        return parser.symbols.tree(tokens, words)
    except UserError:
        return None


def _completed(tree: Tree, rest: Sequence[str]) -> Tree:
    """The tree with words that were not read at its top."""
    return Tree(tree.label, (*tree.children, *(Tree("XX", word=word) for word in rest))) if rest else tree
