"""Where a model looks at its source: its maps for given pairs, and which of them is shown and read as alignment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal

import torch
from jaxtyping import Float
from pydantic import BaseModel, ConfigDict, Field, model_validator
from torch import Tensor, nn

from heedful.data.batch import Example, collate
from heedful.data.pharaoh import Link, Links, aer
from heedful.data.token_words import TokenWords, links, merge, settle
from heedful.errors import UserError
from heedful.task.batches import batches
from heedful.watch import Map, attentions, record

Maps = Mapping[str, Float[Tensor, "_ _ _"]]
"""For each attention to the source its weights ``[H, T + 1, S + 1]``: row t is asked when token t is to be said."""

_EVEN, _CARRY, _THRESHOLDS = (0.0, 0.5, 0.7, 0.85), (0.0, 0.3, 0.45, 0.6), (0.0, 0.15, 0.3, 0.45)
_BATCH_TOKENS = 4096


class Look(BaseModel):
    """Which of a model's maps is read as word alignment, and how.

    `module` is the attention's name in the model (None: the mean of all attentions to the source), `head` the head
    (None: their mean). With `shift` 1 a word's row is read one step later, when it is the decoder's input. A link is
    made to the source word with the most weight, if that is at least `threshold`, after the map has been settled (see
    `token_words.settle`) by `even`, how much a source word that many look at loses, and `carry`, how much a
    target word goes with the one before. A word that looks at the end of the source most is left without a link; with
    `end` false the end does not count, and the word goes with its next best. What is shown of the map is as the model
    has it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    module: str | None
    head: int | None = None
    shift: Literal[0, 1] = 0
    threshold: float = Field(default=0.0, ge=0, le=1)
    even: float = Field(default=0.0, ge=0, le=1)
    carry: float = Field(default=0.0, ge=0, le=1)
    end: bool = True

    @model_validator(mode="after")
    def _a_head_is_one_of_a_module(self) -> "Look":
        if self.module is None and self.head is not None:
            raise UserError(
                f"look.head is {self.head} and look.module null: the mean of all layers has no heads",
                hint="name the module, or set look.head to null",
            )
        return self

    def __str__(self) -> str:
        module = "all layers" if self.module is None else self.module
        head = "all heads" if self.head is None else f"head {self.head}"
        later = ", one step later" if self.shift else ""
        return f"{module}, {head}{later}"


@dataclass(frozen=True)
class Gold:
    """A sentence pair with its gold links: token ids and words; the source's words end with its end."""

    example: Example
    source_words: TokenWords
    target_words: TokenWords
    links: Links


def default_look(model: nn.Module, pattern: str) -> Look | None:
    """The map to read when nobody has chosen one: the only one, or the mean of heads of the last layer but one.

    Returns: None for a model that does not look.
    Source: Garg et al. 2019, section 4.2 (arXiv:1909.02074), for the layer.
    """
    names = list(attentions(model, pattern))
    return Look(module=names[max(0, len(names) - 2)]) if names else None


def replay(model: nn.Module, pattern: str, examples: Sequence[Example]) -> list[Maps]:
    """Where a model looks while it says given targets to given sources.

    Every target word is forced, so nothing depends on the search. A map has a column for each source token and EOS,
    and a row for each target token and EOS. The model should be in evaluation mode.
    """
    maps: list[Maps] = [{} for _ in examples]
    if not attentions(model, pattern):
        return maps
    for rows in batches([max(len(one.source), len(one.target)) + 1 for one in examples], _BATCH_TOKENS):
        seen = _replay_batch(model, pattern, [examples[i] for i in rows])
        for place, i in enumerate(rows):
            steps, keys = len(examples[i].target) + 1, len(examples[i].source) + 1
            maps[i] = {name: _all_steps(each[place], steps)[:, :steps, :keys] for name, each in seen.items()}
    return maps


def read(look: Look, maps: Maps) -> Float[Tensor, "T S"]:
    """The one map that a look names: a row a target token, EOS left out."""
    if look.module is None:
        chosen = torch.stack([heads.mean(0) for heads in maps.values()]).mean(0)
    else:
        heads = maps[look.module]
        chosen = heads.mean(0) if look.head is None else heads[look.head]
    return chosen[look.shift : chosen.shape[0] - 1 + look.shift]


def choose_look(model: nn.Module, pattern: str, gold: Sequence[Gold]) -> tuple[Look, float] | None:
    """The map whose links agree best with gold ones, and its alignment error rate there.

    Tried are all attentions to the source, their heads, the mean of these, and the mean of all attentions, at once or
    a step later; then for the best of them the ways to read it. Of equals the first is taken.
    Returns: None for a model that does not look.
    Source: reading a step later is Chen et al. 2020, section 3.2 (arXiv:2004.14837).
    """
    maps = replay(model, pattern, [pair.example for pair in gold])
    if not gold or not maps[0]:
        return None
    places: list[tuple[str | None, int | None]] = [
        (name, head)
        for name, heads in maps[0].items()
        for head in ((None, *range(len(heads))) if len(heads) > 1 else (None,))
    ]
    if len(maps[0]) > 1:
        places.append((None, None))
    where = [
        Look(module=module, head=head, shift=shift, even=0.5, carry=0.4) for module, head in places for shift in (0, 1)
    ]
    best = where[_least([error_rate(look, maps, gold) for look in where])]
    seen = _word_maps(best, maps, gold)
    how = [
        best.model_copy(update={"end": end, "even": even, "carry": carry, "threshold": threshold})
        for end, even, carry, threshold in product((True, False), _EVEN, _CARRY, _THRESHOLDS)
    ]
    errors = [_error(look, seen, gold) for look in how]
    return how[_least(errors)], min(errors)


def _least(errors: list[float]) -> int:
    return errors.index(min(errors))


def error_rate(look: Look, maps: Sequence[Maps], gold: Sequence[Gold]) -> float:
    """The alignment error rate of one look over sentence pairs (Och & Ney 2003, section 5.1)."""
    return _error(look, _word_maps(look, maps, gold), gold)


def word_map(look: Look | None, maps: Maps, rows: TokenWords, columns: TokenWords, *, title: str) -> Map | None:
    """The map of one pair over words, with all layers behind it; None where there is nothing to see."""
    if look is None or not maps or not rows.of_token:
        return None
    layers = {name: merge(heads[:, : len(rows.of_token)], rows, columns) for name, heads in maps.items()}
    return Map(merge(read(look, maps), rows, columns), rows.texts, columns.texts, f"{title}: {look}", layers)


def word_links(look: Look, maps: Maps, *, source: TokenWords, target: TokenWords) -> list[Link]:
    """The links between words that one look makes; `source` ends with its end."""
    return _links(look, merge(read(look, maps), target, source))


def _links(look: Look, words: Float[Tensor, "T S"]) -> list[Link]:
    """The links that a look makes of a map over words, the last column being the end of the source."""
    sources = words.shape[1] - 1
    counted = words if look.end else words[:, :sources]
    return links(settle(counted, look.even, look.carry), sources, look.threshold)


def _word_maps(look: Look, maps: Sequence[Maps], gold: Sequence[Gold]) -> list[Tensor]:
    return [merge(read(look, one), pair.target_words, pair.source_words) for one, pair in zip(maps, gold, strict=True)]


def _error(look: Look, word_maps: Sequence[Tensor], gold: Sequence[Gold]) -> float:
    found = [set(_links(look, words)) for words in word_maps]
    return aer([pair.links.sure for pair in gold], [pair.links.possible for pair in gold], found)


def _replay_batch(model: nn.Module, pattern: str, examples: Sequence[Example]) -> dict[str, Tensor]:
    batch = collate(examples).to(next(model.parameters()).device)
    with torch.no_grad(), record(model, pattern) as seen:
        model.logits(batch.source, batch.source_lengths, batch.target_in)  # pyright: ignore[reportCallIssue]
    return {name: weights.float().cpu() for name, weights in seen.maps.items()}


def _all_steps(weights: Float[Tensor, "H t S"], steps: int) -> Float[Tensor, "H t S"]:
    """A model that looks once, before its first word, looks the same way at every step."""
    return weights.expand(-1, steps, -1) if weights.shape[1] == 1 else weights
