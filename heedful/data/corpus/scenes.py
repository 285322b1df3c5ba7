"""Made-up scenes: pictures of two or three coloured shapes, with captions that say which and how they lie.

A caption follows from its picture alone: shapes are named from the upper left to the lower right, by x + y of their
centres, and each is left of the next one or above it, whichever distance is larger. Some pairs of colour and shape are
held out: every colour and every shape is trained on, but these pairs are seen in the held-out pictures only.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from random import Random
from typing import NamedTuple

import numpy as np

from heedful.axes import Box
from heedful.data.corpus.drawing import COLOURS, SHAPES, Placed, draw
from heedful.data.image.png import write_png
from heedful.errors import UserError
from heedful.store import make_folder, write_text_atomically

Pair = tuple[str, str]
"""A colour and a shape."""

SPLITS = ("train", "valid", "test", "held-out")

_RADII = (0.13, 0.17)  # of a shape, in sides of the picture
_APART = 0.03  # between two boxes
_CLEAR = 0.1  # by which the order of two shapes, and the larger of two distances, must be clear
_TRIES = 1000


class SceneObject(NamedTuple):
    """A shape of a scene, and the box around it in pixels."""

    colour: str
    shape: str
    box: Box


class Scene(NamedTuple):
    """A picture, uint8 ``[size, size, 3]``, its caption, and its objects in the order of the caption.

    `words` has, for each word of the caption, the index of the object that it names by colour or shape; None for words
    of grammar and of relations.
    """

    pixels: np.ndarray
    caption: str
    objects: tuple[SceneObject, ...]
    words: tuple[int | None, ...]


class Scenes:
    """Scenes by split: "train", "valid", "test" and "held-out"; the same arguments make the same on every machine.

    A scene of the split "held-out" has at least one pair of colour and shape in `held_out`; no scene of another has.
    Raises: ValueError, for pictures of fewer than 32 pixels a side.

    >>> scene = next(Scenes(seed=1).scenes("test"))
    >>> scene.pixels.shape, scene.caption.split()[0]
    ((64, 64, 3), 'a')
    """

    def __init__(self, seed: int = 0, *, size: int = 64) -> None:
        if size < 32:
            raise ValueError(f"scenes of {size} pixels: shapes are told apart from 32 pixels a side on.")
        self.seed, self.size = seed, size
        colours, shapes = list(COLOURS), list(SHAPES)
        Random(f"held out {seed}").shuffle(shapes)
        # One shape of each colour. Each shape keeps most of its colours, since they go around.
        self.held_out: tuple[Pair, ...] = tuple(
            (colour, shapes[index % len(shapes)]) for index, colour in enumerate(colours)
        )
        self.trained: tuple[Pair, ...] = tuple(
            (colour, shape) for colour in colours for shape in SHAPES if (colour, shape) not in self.held_out
        )

    def scenes(self, split: str) -> Iterator[Scene]:
        """An endless iterator over the scenes of a split.

        Raises: ValueError, for an unknown split.
        """
        if split not in SPLITS:
            raise ValueError(f"unknown split {split!r}: choose from {', '.join(SPLITS)}")
        number = 0
        while True:
            # A generator for each scene, so that the first hundred are the same however many are made.
            yield self._scene(Random(f"scene {self.seed} {split} {number}"), held_out=split == "held-out")
            number += 1

    def _scene(self, random: Random, *, held_out: bool) -> Scene:
        count = random.choice((2, 3))
        if held_out:
            pairs = [random.choice(self.held_out)]
            others = [pair for pair in (*self.trained, *self.held_out) if pair not in pairs]
            pairs += random.sample(others, count - 1)
            random.shuffle(pairs)
        else:
            pairs = random.sample(self.trained, count)
        places = self._places(random, count)
        shapes = [
            Placed(shape, x, y, radius, _varied(random, colour))
            for (colour, shape), (x, y, radius) in zip(pairs, places, strict=True)
        ]
        pixels, boxes = draw(self.size, random.uniform(200, 255), shapes)
        objects = tuple(SceneObject(*pair, box) for pair, box in zip(pairs, boxes, strict=True))
        caption, words = _described(pairs, [(x, y) for x, y, _ in places])
        return Scene(pixels, caption, objects, words)

    def _places(self, random: Random, count: int) -> list[tuple[float, float, float]]:
        """x, y and radius of shapes that do not touch, in the order of a caption; all relations are clear."""
        for _ in range(_TRIES):
            places: list[tuple[float, float, float]] = []
            for _ in range(count):
                radius = random.uniform(*_RADII) * self.size
                low, high = radius + 1, self.size - radius - 1
                places.append((random.uniform(low, high), random.uniform(low, high), radius))
            places.sort(key=lambda place: place[0] + place[1])
            if self._is_clear(places):
                return places
        raise AssertionError("no arrangement of shapes was found")  # of about one in ten tries there is one

    def _is_clear(self, places: list[tuple[float, float, float]]) -> bool:
        for index, (x, y, radius) in enumerate(places):
            for other_x, other_y, other_radius in places[index + 1 :]:
                reach = radius + other_radius + _APART * self.size
                if abs(x - other_x) < reach and abs(y - other_y) < reach:
                    return False
        steps = [(after[0] - before[0], after[1] - before[1]) for before, after in zip(places, places[1:], strict=False)]
        least = _CLEAR * self.size
        return all(dx + dy >= least and abs(abs(dx) - abs(dy)) >= least for dx, dy in steps)


def blind_ceiling(captions: Iterable[str]) -> float:
    """The best share of exact captions without looking at pictures: that of the most frequent caption.

    It is measured on the very captions that are tested, so that no answer that ignores its picture can have more.
    """
    counts = Counter(captions)
    return max(counts.values()) / counts.total() if counts else 0.0


def write_scenes(
    folder: Path | str, counts: Mapping[str, int], *, seed: int = 0, size: int = 64
) -> dict[str, list[str]]:
    """Writes scenes as PNG files, and a table of captions for each split: ``folder/train.jsonl`` and so on.

    A row of a table has `image` and `caption`, `objects` (colour, shape and box of each) and `words`, as in `Scene`.
    Returns: the captions of each split.
    Raises: UserError, when a count is negative or a file cannot be written; ValueError, for an unknown split.
    """
    folder, made = Path(folder), Scenes(seed, size=size)
    captions: dict[str, list[str]] = {}
    for split, count in counts.items():
        if count < 0:
            raise UserError(f"{count} scenes of the split {split!r}", hint="give 0 or more")
        make_folder(folder / split)
        lines: list[str] = []
        captions[split] = []
        for number, scene in zip(range(count), made.scenes(split), strict=False):
            name = f"{split}/{number:05}.png"
            write_png(folder / name, scene.pixels)
            lines.append(json.dumps(_row(name, scene)) + "\n")
            captions[split].append(scene.caption)
        # The table last: a folder that has it has all of its pictures.
        write_text_atomically(folder / f"{split}.jsonl", "".join(lines))
    return captions


def _row(name: str, scene: Scene) -> dict[str, object]:
    objects = [{"colour": each.colour, "shape": each.shape, "box": list(each.box)} for each in scene.objects]
    return {"image": name, "caption": scene.caption, "objects": objects, "words": list(scene.words)}


def _described(pairs: list[Pair], centres: list[tuple[float, float]]) -> tuple[str, tuple[int | None, ...]]:
    """The caption of objects in their order, and the object that each word names."""
    texts: list[str] = []
    words: list[int | None] = []
    for index, (pair, (x, y)) in enumerate(zip(pairs, centres, strict=True)):
        if index:
            before_x, before_y = centres[index - 1]
            relation = ["left", "of"] if abs(x - before_x) > abs(y - before_y) else ["above"]
            texts += relation
            words += [None] * len(relation)
        texts += ["a", *pair]
        words += [None, index, index]
    return " ".join(texts), tuple(words)


def _varied(random: Random, colour: str) -> tuple[float, float, float]:
    """A colour, a little lighter or darker in each channel."""
    red, green, blue = (level + random.uniform(-20, 20) for level in COLOURS[colour])
    return red, green, blue
