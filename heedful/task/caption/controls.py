"""Captions that need no look at the picture: what a captioner has to beat.

| control | the caption of a picture |
|---|---|
| constant | one training caption for all pictures: the one most like those of other training pictures |
| shuffled | that which the model gives to another picture of the file |
| blank | that which the model gives to a picture of one colour |
| neighbour | the consensus of the captions of the ten training pictures that are nearest by the encoder's mean state |

Source: Devlin et al. 2015 (arXiv:1505.04467), for captions of neighbours and their consensus.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor
from torch.nn import functional

from heedful.data.image.table import Captioned
from heedful.errors import UserError, did_you_mean
from heedful.metric.captions import DocumentFrequencies, cider_d
from heedful.task.caption.captioner import PictureCaptioner
from heedful.task.caption.score import caption_words

NEIGHBOURS = 10
_MOST = 200  # training captions and pictures that the constant caption is chosen from and by
_SEED = 7


@dataclass(frozen=True)
class Evaluated:
    """What a control may use: the model, the pictures, its captions of them, the beam, the training pictures."""

    captioner: PictureCaptioner
    pictures: Sequence[Captioned]
    captions: Sequence[str]
    beam: int | None
    train: Callable[[], Sequence[Captioned]]


def control_names(option: str | Sequence[str] | None) -> list[str]:
    """The controls that an option names, with commas between them.

    Raises: UserError, for an unknown one.
    """
    names = option.split(",") if isinstance(option, str) else list(option or ())
    names = [name.strip() for name in names]
    for name in names:
        if name not in CONTROLS:
            raise UserError(f"no control is called {name!r}", hint=did_you_mean(name, CONTROLS))
    return list(dict.fromkeys(names))


def constant(evaluated: Evaluated) -> list[str]:
    """One training caption for all pictures."""
    examples = evaluated.train()
    random = np.random.default_rng(_SEED)
    chosen = [examples[index] for index in sorted(random.permutation(len(examples))[:_MOST].tolist())]
    references = [_words(example) for example in chosen]
    frequencies = DocumentFrequencies.of(references)
    best, best_score = "", -1.0
    for number, example in enumerate(chosen):
        # Against the captions of the other pictures: every caption is most like itself.
        others = references[:number] + references[number + 1 :] or references
        words = caption_words(example.captions[0])
        score = sum(cider_d([words] * len(others), others, frequencies))
        if score > best_score:
            best, best_score = example.captions[0], score
    return [best] * len(evaluated.pictures)


def shuffled(evaluated: Evaluated) -> list[str]:
    """The model's caption of another picture.

    Raises: UserError, when there is no other.
    """
    count = len(evaluated.pictures)
    if count < 2:
        raise UserError("the control 'shuffled' needs two pictures or more", hint="leave it out")
    # A cycle in random order: no picture keeps its own caption.
    order = np.random.default_rng(_SEED).permutation(count).tolist()
    captions = [""] * count
    for position, row in enumerate(order):
        captions[row] = evaluated.captions[order[position - 1]]
    return captions


def blank(evaluated: Evaluated) -> list[str]:
    """The model's caption of a picture of the mean colour."""
    captioner = evaluated.captioner
    inputs = captioner.source.load(evaluated.pictures, strict=True).inputs
    return captioner.texts(captioner.search(inputs, beam=evaluated.beam, blank=True))


def neighbour(evaluated: Evaluated) -> list[str]:
    """The consensus of the captions of the nearest training pictures."""
    captioner = evaluated.captioner
    examples, inputs, _ = captioner.source.load(evaluated.train(), strict=False)
    queries = captioner.states(captioner.source.load(evaluated.pictures, strict=True).inputs)
    keys = captioner.states(inputs)
    frequencies = DocumentFrequencies.of(map(_words, examples))
    return [_consensus([examples[row] for row in rows], frequencies) for rows in _nearest(queries, keys)]


def _words(example: Captioned) -> list[list[str]]:
    return [caption_words(caption) for caption in example.captions]


def _nearest(queries: Tensor, keys: Tensor) -> list[list[int]]:
    """The rows of the nearest keys by cosine, the nearest first."""
    similarity = functional.normalize(queries, dim=-1) @ functional.normalize(keys, dim=-1).T
    return similarity.topk(min(NEIGHBOURS, keys.shape[0])).indices.tolist()


def _consensus(neighbours: Sequence[Captioned], frequencies: DocumentFrequencies) -> str:
    """The caption that is most like the captions of the other neighbours; the nearest's first one if none is."""
    candidates = [(caption, number) for number, example in enumerate(neighbours) for caption in example.captions]
    words = [caption_words(caption) for caption, _ in candidates]
    best, best_score = candidates[0][0], -1.0
    for (caption, number), said in zip(candidates, words, strict=True):
        others = [w for w, (_, owner) in zip(words, candidates, strict=True) if owner != number] or words
        score = cider_d([said], [others], frequencies)[0]
        if score > best_score:
            best, best_score = caption, score
    return best


CONTROLS: dict[str, Callable[[Evaluated], list[str]]] = {
    "constant": constant,
    "shuffled": shuffled,
    "blank": blank,
    "neighbour": neighbour,
}
"""The closed table."""
