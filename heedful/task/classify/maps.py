"""The attention maps of a classifier for one text: of all layers and heads, and of both levels of a hierarchy."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from jaxtyping import Float
from torch import Tensor

from heedful.data.token_words import TokenWords, merge
from heedful.model.text.sentences import Group
from heedful.watch import Map
from heedful.watch.titles import attention_title

Calls = Mapping[str, Sequence[Float[Tensor, "_ _ _ _"]]]
"""The weights ``[R, H, T, S]`` of each call of each attention, as `heedful.watch.record` keeps them."""


def over_words(heads: Float[Tensor, "H T S"], words: TokenWords, layer: str = "", *, title: str = "") -> Map:
    """Merges the heads of a layer over tokens into a map over words. Rows are merged too if they are tokens."""
    rows, count = words, heads.shape[1]
    if count == 1 or count != len(words.of_token):
        rows = TokenWords(("",) * count, tuple((row,) for row in range(count)))
    merged = merge(heads, rows, words)
    return Map(merged.mean(0), rows.texts, words.axis, title, layers={layer: merged})


def maps_of_heads(weights: Mapping[str, Float[Tensor, "_ _ _ _"]], words: TokenWords, name: str) -> list[Map]:
    """A map over words for each head of each attention that was recorded for one text."""
    return [
        of_head
        for module, heads in weights.items()
        # Other maps are not over the tokens, such as those of pooled states.
        if heads.shape[-1] == len(words.of_token)
        for of_head in over_words(heads[0].float().cpu(), words, module, title=f"{name}: ").of_heads()
    ]


def maps_of_levels(sentences: Map, words: Sequence[Map], *, name: str, pooling: bool) -> list[Map]:
    """The weights with which a text is made of its sentences, and each sentence of its words.

    `sentences` has the weight of each sentence, and `words` a map for each sentence. `pooling` says whether they are
    weights of an attention.
    """
    titles = [attention_title(f"{level}.pooling.attention") for level in ("sentences", "words")]
    if not pooling:
        titles = ["weights of the sentences", "weights of the words in each sentence"]
    above, below = (f"{name}: {title}" for title in titles)
    # Only the first map has a title, so that the sentences are drawn as one text.
    return [replace(sentences, title=above), *(replace(map_, title="" if i else below) for i, map_ in enumerate(words))]


def self_maps_of_levels(
    calls: Calls, groups: Sequence[Group], *, sentences: Sequence[str], words: Sequence[TokenWords], name: str
) -> Iterator[Map]:
    """A map for each head of each self-attention of a hierarchical model: within the text, and within each sentence.

    `groups` are those in which the sentences of the text were read, and `words` are the words of each sentence.
    """
    whole = TokenWords(tuple(sentences), tuple((index,) for index in range(len(sentences))))
    for module, weights in calls.items():
        level, *parts = module.split(".")
        if "pooling" in parts or not weights:
            continue
        if level == "sentences":
            yield from over_words(weights[0][0].float().cpu(), whole, module, title=f"{name}: ").of_heads()
        # A model of the user's may read sentences in another way.
        elif level == "words" and len(weights) == len(groups):
            for number, (heads, of_sentence) in enumerate(zip(_by_sentence(weights, groups), words, strict=True), 1):
                for map_ in over_words(heads, of_sentence, module, title=f"{name}: ").of_heads():
                    yield replace(map_, title=f"{map_.title}, sentence {number}")


def _by_sentence(calls: Sequence[Tensor], groups: Sequence[Group]) -> list[Float[Tensor, "H T T"]]:
    """The weights within each sentence, in the order of the text, without the padding of its group."""
    by_sentence: dict[int, Tensor] = {}
    for weights, group in zip(calls, groups, strict=True):
        for heads, sentence, length in zip(weights, group.sentence.tolist(), group.lengths.tolist(), strict=True):
            by_sentence[sentence] = heads[:, :length, :length].float().cpu()
    # Groups are by length; the index of a sentence is its place in the text.
    return [by_sentence[sentence] for sentence in sorted(by_sentence)]
