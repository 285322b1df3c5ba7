"""A trained captioner, which says what is on pictures, and where it looked for each word."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from heedful.axes import Grid, Words
from heedful.data.batch import padded
from heedful.data.token_words import TokenWords, merge
from heedful.data.tokenise import Tokeniser
from heedful.decode import Hypothesis, search
from heedful.errors import UserError
from heedful.shapes import BOS
from heedful.task.answering import answering, evaluating
from heedful.task.base import TOKENISER, Predictor
from heedful.task.batches import summed_loss
from heedful.task.caption.config import CaptionConfig
from heedful.task.caption.examples import Example, collate, lengths_of
from heedful.task.caption.sources import Features, Inputs, Item, Pixels, Source, as_item, cells_of
from heedful.task.inputs import as_questions
from heedful.task.models import model_title
from heedful.watch import Map, attentions, record
from heedful.watch.notebook import answer_html
from heedful.watch.record import unrecorded
from heedful.watch.titles import attention_title

PICTURE, FEATURES = "picture", "features"
"""The names of the `PictureInput` and the `FeatureSpec` among the parts of a run, which has one of them."""

_MEGABYTE = 10**6


@dataclass(frozen=True, eq=False)
class Caption:
    """A caption and where the model looked for each of its words.

    `score` is that of the search, `tokens` are the pieces of the text and `ids` their ids. `attention` has a row for
    each word and a column for each cell of the picture; it is None if it was not asked for, for an empty caption, and
    for a model without attention. `beta` holds for each word the weight of the sentinel, one minus that of all cells;
    None for a model without a sentinel.
    """

    text: str
    score: float
    tokens: tuple[str, ...] = field(repr=False)
    attention: Map | None = None
    beta: tuple[float, ...] | None = None
    ids: list[int] = field(default_factory=list[int], repr=False)

    def _repr_html_(self) -> str:
        """The caption and its maps, for notebooks."""
        return answer_html(self.text, [self.attention] if self.attention else [])


class Looks(NamedTuple):
    """The weights behind a caption: by module ``[H, T, S]`` over the cells; and the sentinel's ``[T]``, or None."""

    layers: dict[str, Float[Tensor, "_ _ _"]]
    beta: Float[Tensor, " T"] | None

    @property
    def last(self) -> Float[Tensor, "T S"]:
        """The map of the last attention, the mean of its heads."""
        return self.layers[list(self.layers)[-1]].mean(0)


class PictureCaptioner(Predictor[CaptionConfig]):
    """A trained model with its tokeniser and the way in which it reads pictures."""

    @property
    def text(self) -> Tokeniser:
        """The tokeniser of captions."""
        return self.parts[TOKENISER]

    @cached_property
    def source(self) -> Source:
        """How pictures become the encoder's input."""
        return source_of(self.config, self.parts)

    def predict(
        self, pictures: Iterable[str | Path | np.ndarray | Tensor], *, beam: int | None = None, attention: bool = True
    ) -> list[Caption]:
        """A caption of each picture, in the order of the pictures.

        A picture is a path, or its pixels as uint8 ``[height, width, 3]``; for a run that reads features, a picture
        whose features are in the folder, or an array ``[h, w, D]``. `beam` is the width of the search; None means as
        the settings say, and 1 is greedy. It is faster without `attention`.
        Raises: UserError, for a single picture in place of a list, an item that is no picture, and a file that cannot
            be read.
        """
        if isinstance(pictures, np.ndarray | Tensor) and pictures.ndim <= 3:
            raise UserError("expected a list of pictures, got one array", hint="put it in a list: predict([...])")
        items = [as_item(value, f"item {i}") for i, value in enumerate(as_questions(pictures, "pictures"))]
        found: list[Caption] = []
        for start in range(0, len(items), self.config.decode.pictures):
            found += self._caption(items[start : start + self.config.decode.pictures], beam, attention=attention)
        return found

    def search(self, inputs: Inputs, *, beam: int | None = None, blank: bool = False) -> list[Hypothesis]:
        """The best caption of each picture; with `blank` the model sees pictures of the mean colour in their place."""
        found: list[Hypothesis] = []
        model, settings = cast(Any, self.model), self.config.decode
        with answering(self.model, settings.precision):
            for rows in self._chunks(range(len(inputs))):
                source = self._batch(inputs, rows)
                if blank:
                    source = torch.zeros_like(source)  # pixels are normalised: zeros are the mean colour
                beams = search(
                    model,
                    model.encode(source, lengths_of(source).to(self.device)),
                    size=beam or settings.beam,
                    length_penalty=settings.length_penalty,
                    max_length=self.config.longest,
                )
                found += [candidates[0] for candidates in beams]
        return found

    def texts(self, hypotheses: Sequence[Hypothesis]) -> list[str]:
        """The captions that a search has found."""
        return [self.text.decode(hypothesis.tokens) for hypothesis in hypotheses]

    def loss(self, inputs: Inputs, examples: Sequence[Example]) -> float:
        """The mean negative log-likelihood of a token of these captions in nats; 0 if there is none."""
        lengths = [len(item.ids) + 1 for item in examples]
        with evaluating(self.model):
            nll, tokens = summed_loss(
                self.model,
                lengths,
                lambda rows: collate(inputs, [examples[row] for row in rows]),
                tokens=self.config.train.tokens,
            )
        return nll / max(1, tokens)

    def looks(self, inputs: Inputs, targets: Sequence[Sequence[int]]) -> list[Looks | None]:
        """Where the model looks while it is forced to say these captions; None for empty captions and without maps."""
        found: list[Looks | None] = [None] * len(targets)
        if not attentions(self.model, self.config.looks):
            return found
        with evaluating(self.model):
            for rows in self._chunks([row for row, ids in enumerate(targets) if ids]):
                of_batch = self._record(self._batch(inputs, rows), [targets[row] for row in rows])
                for row, looks in zip(rows, of_batch, strict=True):
                    found[row] = looks
        return found

    def states(self, inputs: Inputs) -> Float[Tensor, "N A"]:
        """The mean of each picture's states, as the encoder of this run sees it."""
        means: list[Tensor] = []
        with evaluating(self.model):
            for rows in self._chunks(range(len(inputs))):
                source = self._batch(inputs, rows)
                encoded = cast(Any, self.model).encoder(source, lengths_of(source).to(self.device))
                means.append(encoded.summary().float().cpu())
        return torch.cat(means)

    def _chunks(self, rows: Sequence[int]) -> list[Sequence[int]]:
        size = self.config.decode.pictures
        return [rows[start : start + size] for start in range(0, len(rows), size)]

    def _batch(self, inputs: Inputs, rows: Sequence[int]) -> Tensor:
        return inputs.batch(rows).to(self.device)

    def _caption(self, items: Sequence[Item], beam: int | None, *, attention: bool) -> list[Caption]:
        inputs = self.source.inputs(items)
        # A recorder is to see the captions, not what the search tries: `looks` produces them once more.
        with unrecorded() if attention else nullcontext():
            hypotheses = self.search(inputs, beam=beam)
        looks: list[Looks | None] = [None] * len(items)
        if attention:
            looks = self.looks(inputs, [hypothesis.tokens for hypothesis in hypotheses])
        rows = zip(items, hypotheses, looks, strict=True)
        return [self._captioned(item, hypothesis, seen) for item, hypothesis, seen in rows]

    def _captioned(self, item: Item, hypothesis: Hypothesis, looks: Looks | None) -> Caption:
        ids = hypothesis.tokens
        text, tokens = self.text.decode(ids), tuple(self.text.pieces(ids))
        if looks is None:
            return Caption(text, hypothesis.score, tokens, ids=ids)
        words, cells = TokenWords.of(self.text, ids), self.grid(item, looks.last.shape[-1])
        each = TokenWords(cells.labels, tuple((index,) for index in range(len(cells))))
        layers = {name: merge(heads, words, each) for name, heads in looks.layers.items()}
        beta = None
        if looks.beta is not None:
            sentinel = TokenWords(("sentinel",), ((0,),))
            beta = tuple(merge(looks.beta.unsqueeze(-1), words, sentinel).squeeze(-1).tolist())
        name = list(layers)[-1]
        title = f"{model_title(self.config.model.name)}: {attention_title(name)}"
        title += ", mean of its heads" if len(layers[name]) > 1 else ""
        map_ = Map(layers[name].mean(0), Words(_labels(words.texts, beta)), cells, title, layers)
        return Caption(text, hypothesis.score, tokens, map_, beta, ids)

    def grid(self, item: Item, count: int) -> Grid:
        """The axis of the `count` cells that the model has of a picture, on the original."""
        cells = cells_of(getattr(self.model, "encoder", None), self.parts.get(PICTURE), count)
        return self.source.grid(item, cells)

    def _record(self, source: Tensor, targets: Sequence[Sequence[int]]) -> list[Looks]:
        """The weights of one batch, each row without the padding of the batch."""
        target_in, _ = padded([[BOS, *ids] for ids in targets])
        model, lengths = cast(Any, self.model), lengths_of(source).to(self.device)
        with record(self.model, self.config.looks) as recording:
            model.logits(source, lengths, target_in.to(self.device))
        cells = model.encode(source, lengths).keep.shape[1]
        return [_looks(recording.maps, row, steps=len(ids), cells=cells) for row, ids in enumerate(targets)]


def _looks(maps: Mapping[str, Tensor], row: int, *, steps: int, cells: int) -> Looks:
    """The maps of a row of a batch, for so many steps and cells."""
    layers = {name: weights[row, :, :steps, :cells].float().cpu() for name, weights in maps.items()}
    found = Looks(layers, None)
    # A model with a sentinel has columns for it after those of the cells.
    has_sentinel = any(weights.shape[-1] > cells for weights in maps.values())
    return found._replace(beta=(1.0 - found.last.sum(-1)).clamp(0.0, 1.0)) if has_sentinel else found


def _labels(words: Sequence[str], beta: Sequence[float] | None) -> list[str]:
    """The words as rows of a map, with the sentinel's weight beside each."""
    if beta is None:
        return list(words)
    return [f"{word} β {weight:.2f}" for word, weight in zip(words, beta, strict=True)]


def source_of(config: CaptionConfig, parts: Mapping[str, Any]) -> Source:
    """How pictures become input, as the settings say.

    Raises: UserError, for a folder of features that are not those of the run.
    """
    memory = config.data.cache * _MEGABYTE
    if config.data.features is None:
        return Pixels(parts[PICTURE], memory)
    return Features(config.data.features, parts[FEATURES], memory)
