"""All attention maps of a sequence-to-sequence model for one answer: encoder, decoder and between both."""

from fnmatch import fnmatchcase
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from heedful.data.batch import Example, collate
from heedful.data.token_words import TokenWords, merge
from heedful.watch.aligning import attentions
from heedful.watch.map import Map
from heedful.watch.record import record, unrecorded
from heedful.watch.titles import attention_title


class Sides(NamedTuple):
    """The words of the source with EOS, of the output, and of what the decoder has read before each token.

    The last are those of BOS and of all tokens of the output but the last.
    """

    source: TokenWords
    target: TokenWords
    read: TokenWords


def all_maps(model: nn.Module, looks: str, example: Example, *, sides: Sides, name: str) -> list[Map]:
    """A map of each head of each attention, while the model is forced to produce the target of an example.

    `looks` is a pattern of the attentions to the source, and `name` is what titles begin with. In a map of the
    decoder's self-attention, a row is the word that is predicted next, and columns are the words before it. Attentions
    over anything else, such as pooled states, have no map.
    """
    if not attentions(model) or not example.target:
        return []
    batch = collate([example]).to(next(model.parameters()).device)
    # For a recording of the user, this pass would be a second one of the same answer.
    with torch.no_grad(), unrecorded(), record(model) as recording:
        model.logits(batch.source, batch.source_lengths, batch.target_in)  # pyright: ignore[reportCallIssue]
    maps: list[Map] = []
    for module, weights in recording.maps.items():
        axes = _axes(module, weights, looks, sides=sides)
        if axes is None:
            continue
        rows, columns = axes
        heads = weights[0].float().cpu()
        if heads.shape[1] == 1:
            heads = heads.expand(-1, len(rows.of_token), -1)  # a model that attends only once, before its first word
        # Without the row that predicts EOS, and without the column that this row alone attends to.
        merged = merge(heads[:, : len(rows.of_token), : len(columns.of_token)], rows, columns)
        title = f"{name}: {attention_title(module)}"
        maps += Map(merged.mean(0), rows.texts, columns.axis, title, {module: merged}).of_heads()
    return maps


def _axes(
    module: str, weights: Float[Tensor, "B H T S"], looks: str, *, sides: Sides
) -> tuple[TokenWords, TokenWords] | None:
    """What looks and what is looked at, by the name of a module and by its size; None if neither tells."""
    queries, keys = weights.shape[-2:]
    # Without the step that predicts EOS, which is no word of the output.
    steps, sources = len(sides.target.of_token) + 1, len(sides.source.of_token)
    parts = module.split(".")
    within_source = (queries, keys) == (sources, sources)
    within_target = (queries, keys) == (steps, steps)
    between = queries in (1, steps) and keys == sources
    # By name first: source and output may be equally long, and then the size tells nothing.
    if within_source and "encoder" in parts:
        return sides.source, sides.source
    if within_target and "decoder" in parts and "self" in parts:
        return sides.target, sides.read
    if between and (fnmatchcase(module, looks) or "decoder" in parts or not within_source):
        return sides.target, sides.source
    if within_source != within_target:
        return (sides.source, sides.source) if within_source else (sides.target, sides.read)
    return None
