"""Attention maps of sequence-to-sequence models: recording them for sentence pairs, and reading one as alignment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal

import torch
from jaxtyping import Float
from pydantic import BaseModel, ConfigDict, Field, model_validator
from torch import Tensor, nn

from heedful.data.batch import Example, collate
from heedful.data.bucket import batches_by_length
from heedful.data.pharaoh import Link, Links, aer
from heedful.data.token_words import TokenWords, links, merge, settle
from heedful.errors import UserError
from heedful.watch.aligning import attentions
from heedful.watch.map import Map
from heedful.watch.record import record
from heedful.watch.titles import attention_title

Maps = Mapping[str, Float[Tensor, "_ _ _"]]
"""For each attention to the source its weights ``[H, T + 1, S + 1]``: row t is the step that predicts token t."""

# The grid that `choose_look` searches.
_EVEN, _CARRY, _THRESHOLDS = (0.0, 0.5, 0.7, 0.85), (0.0, 0.3, 0.45, 0.6), (0.0, 0.15, 0.3, 0.45)
_BATCH_TOKENS = 4096


class Look(BaseModel):
    """Which of a model's maps is read as word alignment, and how.

    `module` is the name of the attention in the model; None means the mean of all attentions to the source. `head` is
    the head; None means the mean of all heads. With `shift` 1, the row of a target word is read one step later, when
    the word is the decoder's input.
    Before links are made, the map is adjusted by `token_words.settle`: `even` reduces the weight of source words
    that many target words attend to, and `carry` adds part of the previous target word's row. Each target word is then
    linked to the source word with the most weight, if that is at least `threshold`. If the most weight is on EOS, the
    word gets no link; with `end` false, EOS is ignored and the word is linked to the best source word.
    Maps that are shown are not adjusted.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    module: str | None = Field(description="name of the attention; null: the mean of all attentions to the source")
    head: int | None = Field(default=None, description="number of the head; null: the mean of all")
    shift: Literal[0, 1] = Field(default=0, description="1: read the row of a word one step later")
    threshold: float = Field(default=0.0, ge=0, le=1, description="least weight of a link")
    even: float = Field(
        default=0.0, ge=0, le=1, description="how much to reduce source words that many words attend to"
    )
    carry: float = Field(default=0.0, ge=0, le=1, description="part of the previous word's row that is added")
    end: bool = Field(default=True, description="whether a word may be linked to EOS, which is no link")

    @model_validator(mode="after")
    def _a_head_is_one_of_a_module(self) -> "Look":
        if self.module is None and self.head is not None:
            raise UserError(
                f"look.head is {self.head} and look.module null: the mean of all layers has no heads",
                hint="name the module, or set look.head to null",
            )
        return self

    def title(self, heads: int) -> str:
        """The map in words, for its title; `heads` is the number of heads of the module."""
        module = "source attention, mean of all layers" if self.module is None else attention_title(self.module)
        head = f", head {self.head}" if self.head is not None else ", mean of its heads" if heads > 1 else ""
        return f"{module}{head}{', read one step later' if self.shift else ''}"

    def __str__(self) -> str:
        module = "all layers" if self.module is None else self.module
        head = "all heads" if self.head is None else f"head {self.head}"
        later = ", one step later" if self.shift else ""
        return f"{module}, {head}{later}"


@dataclass(frozen=True)
class Gold:
    """A sentence pair as token ids and words, with its gold links. The last source word is EOS."""

    example: Example
    source_words: TokenWords
    target_words: TokenWords
    links: Links


def default_look(model: nn.Module, pattern: str) -> Look | None:
    """The map to read by default: the mean of the heads of the last attention but one, or of the only attention.

    Returns: None for a model without attention.
    Source: Garg et al. 2019, section 4.2 (arXiv:1909.02074), for the layer.
    """
    names = list(attentions(model, pattern))
    return Look(module=names[max(0, len(names) - 2)]) if names else None


def replay(model: nn.Module, pattern: str, examples: Sequence[Example]) -> list[Maps]:
    """The attention maps of a model while it is forced to produce the targets of the examples.

    A map has a column for each source token and EOS, and a row for each target token and EOS. The model should be in
    evaluation mode.
    """
    maps: list[Maps] = [{} for _ in examples]
    if not attentions(model, pattern):
        return maps
    for rows in batches_by_length([max(len(pair.source), len(pair.target)) + 1 for pair in examples], _BATCH_TOKENS):
        recorded = _replay_batch(model, pattern, [examples[row] for row in rows])
        for index, row in enumerate(rows):
            steps, keys = len(examples[row].target) + 1, len(examples[row].source) + 1
            maps[row] = {name: _all_steps(heads[index], steps)[:, :steps, :keys] for name, heads in recorded.items()}
    return maps


def read(look: Look, maps: Maps) -> Float[Tensor, "T S"]:
    """The map that a look names, with a row for each target token, without EOS."""
    if look.module is None:
        chosen = torch.stack([heads.mean(0) for heads in maps.values()]).mean(0)
    else:
        heads = maps[look.module]
        chosen = heads.mean(0) if look.head is None else heads[look.head]
    return chosen[look.shift : chosen.shape[0] - 1 + look.shift]


def choose_look(model: nn.Module, pattern: str, gold: Sequence[Gold]) -> tuple[Look, float] | None:
    """The look whose links agree best with the gold links, and its alignment error rate.

    First the map is chosen: every attention to the source, each of its heads and their mean, and the mean of all
    attentions, with `shift` 0 and 1. Then the other fields are chosen for the best map. Ties go to the first candidate.
    Returns: None for a model without attention, or when there are no gold links.
    Source: reading a step later is Chen et al. 2020, section 3.2 (arXiv:2004.14837).
    """
    maps = replay(model, pattern, [pair.example for pair in gold])
    if not gold or not maps[0]:
        return None
    sources: list[tuple[str | None, int | None]] = [
        (name, head)
        for name, heads in maps[0].items()
        for head in ((None, *range(len(heads))) if len(heads) > 1 else (None,))
    ]
    if len(maps[0]) > 1:
        sources.append((None, None))
    # Maps are compared with typical settings. The full product with the grid below would cost many times as much.
    looks = [
        Look(module=module, head=head, shift=shift, even=0.5, carry=0.4) for module, head in sources for shift in (0, 1)
    ]
    best = looks[_argmin([error_rate(look, maps, gold) for look in looks])]
    word_maps = _word_maps(best, maps, gold)
    readings = [
        best.model_copy(update={"end": end, "even": even, "carry": carry, "threshold": threshold})
        for end, even, carry, threshold in product((True, False), _EVEN, _CARRY, _THRESHOLDS)
    ]
    errors = [_error(look, word_maps, gold) for look in readings]
    return readings[_argmin(errors)], min(errors)


def _argmin(errors: list[float]) -> int:
    return errors.index(min(errors))


def error_rate(look: Look, maps: Sequence[Maps], gold: Sequence[Gold]) -> float:
    """The alignment error rate of a look over sentence pairs (Och & Ney 2003, section 5.1)."""
    return _error(look, _word_maps(look, maps, gold), gold)


def word_map(look: Look | None, maps: Maps, *, rows: TokenWords, columns: TokenWords, title: str) -> Map | None:
    """The word-level map of one pair, with all layers behind it; None if there is no attention or no target token."""
    if look is None or not maps or not rows.of_token:
        return None
    layers = {name: merge(heads[:, : len(rows.of_token)], rows, columns) for name, heads in maps.items()}
    heads = 1 if look.module is None else len(maps[look.module])
    return Map(
        merge(read(look, maps), rows, columns), rows.texts, columns.axis, f"{title}: {look.title(heads)}", layers
    )


def word_links(look: Look, maps: Maps, *, source: TokenWords, target: TokenWords) -> list[Link]:
    """The word links that a look makes; `source` must end with EOS."""
    return _links(look, merge(read(look, maps), target, source))


def _links(look: Look, words: Float[Tensor, "T S"]) -> list[Link]:
    """The links that a look makes from a map over words, whose last column is EOS."""
    sources = words.shape[1] - 1
    counted = words if look.end else words[:, :sources]
    return links(settle(counted, look.even, look.carry), sources, look.threshold)


def _word_maps(look: Look, maps: Sequence[Maps], gold: Sequence[Gold]) -> list[Tensor]:
    pairs = zip(maps, gold, strict=True)
    return [merge(read(look, of_pair), pair.target_words, pair.source_words) for of_pair, pair in pairs]


def _error(look: Look, word_maps: Sequence[Tensor], gold: Sequence[Gold]) -> float:
    predicted = [set(_links(look, words)) for words in word_maps]
    return aer([pair.links.sure for pair in gold], [pair.links.possible for pair in gold], predicted)


def _replay_batch(model: nn.Module, pattern: str, examples: Sequence[Example]) -> dict[str, Tensor]:
    batch = collate(examples).to(next(model.parameters()).device)
    with torch.no_grad(), record(model, pattern) as recording:
        model.logits(batch.source, batch.source_lengths, batch.target_in)  # pyright: ignore[reportCallIssue]
    return {name: weights.float().cpu() for name, weights in recording.maps.items()}


def _all_steps(weights: Float[Tensor, "H t S"], steps: int) -> Float[Tensor, "H t S"]:
    """Repeats the single row of a model that attends only once, before its first word, for every step."""
    return weights.expand(-1, steps, -1) if weights.shape[1] == 1 else weights
