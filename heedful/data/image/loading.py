"""The pictures of a data set: read once, kept in memory while they fit into it, those that are damaged left out."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from heedful.data.image.augmenter import Augmenter
from heedful.data.image.fit import Fitted
from heedful.data.image.input import PictureInput
from heedful.data.image.rows import PictureExample
from heedful.errors import UserError

MEMORY = 1_000_000_000
"""Bytes of fitted pictures that are kept; a picture of 224 × 224 takes 150 kB."""

E = TypeVar("E", bound=PictureExample)


class PictureSet:
    """Pictures by row, fitted to a model's size. The first of them are kept, up to `memory` bytes of pixels."""

    def __init__(self, paths: Sequence[Path], picture_input: PictureInput, *, memory: int = MEMORY) -> None:
        self.paths, self.input, self._memory = tuple(paths), picture_input, memory
        self._kept: dict[int, Fitted] = {}

    def __len__(self) -> int:
        return len(self.paths)

    def fitted(self, row: int) -> Fitted:
        """The picture of a row.

        Raises: UserError, as `PictureInput.read` does.
        """
        found = self._kept.get(row)
        if found is None:
            found = self.input.read(self.paths[row])
            self.keep(row, found)
        return found

    def keep(self, row: int, fitted: Fitted) -> None:
        """Keeps a picture that has been read, if there is room."""
        # All have one size, so that their number tells how much they take.
        if (len(self._kept) + 1) * fitted.pixels.numel() <= self._memory:
            self._kept[row] = fitted

    def batch(
        self, rows: Sequence[int], augmenter: Augmenter | None = None, generator: Generator | None = None
    ) -> Float[Tensor, "B 3 H W"]:
        """The normalised pictures of some rows, changed at random if there is an augmenter.

        Without a generator, random numbers are torch's, whose state training saves and restores.
        Raises: UserError, as `PictureInput.read` does.
        """
        if augmenter is None:
            return self.input.stacked([self.fitted(row) for row in rows])
        return self.input.stacked([self._changed(row, augmenter, generator or torch.default_generator) for row in rows])

    def _changed(self, row: int, augmenter: Augmenter, generator: Generator) -> Fitted:
        if augmenter.crops:
            return augmenter.fitted(self.input.open(self.paths[row]), self.input, generator)
        return augmenter.changed(self.fitted(row), generator)


@dataclass(frozen=True)
class Loaded(Generic[E]):
    """Examples whose pictures can be read, these pictures by row, and an error for each example that was left out."""

    examples: list[E]
    pictures: PictureSet
    skipped: list[UserError]

    @property
    def warnings(self) -> list[str]:
        """A line that says how many pictures were left out, and why the first was; none if all were read."""
        if not self.skipped:
            return []
        total, first = len(self.examples) + len(self.skipped), self.skipped[0]
        return [f"{len(self.skipped)} of {total} pictures cannot be read and are left out; the first is {first}"]


def load_pictures(
    examples: Sequence[E], picture_input: PictureInput, *, strict: bool = False, memory: int = MEMORY
) -> Loaded[E]:
    """Reads the pictures of all examples once, and leaves out the examples whose picture cannot be read.

    Raises: UserError with the example's "file:line", for the first such picture if `strict`; and if none can be read.
    """
    kept: list[E] = []
    read: list[Fitted] = []
    skipped: list[UserError] = []
    # The number of pictures whose pixels fit; the others are read to see whether they can be, and are not kept.
    most = memory // (3 * picture_input.height * picture_input.width)
    for example in examples:
        try:
            fitted = picture_input.read(example.picture)
        except UserError as error:
            skipped.append(at_row(error, example))
            if strict:
                raise skipped[-1] from error
            continue
        kept.append(example)
        if len(read) < most:
            read.append(fitted)
    if skipped and not kept:
        raise skipped[0]
    pictures = PictureSet([example.picture for example in kept], picture_input, memory=memory)
    for row, fitted in enumerate(read):
        pictures.keep(row, fitted)
    return Loaded(kept, pictures, skipped)


def at_row(error: UserError, example: PictureExample) -> UserError:
    """An error about a picture file, with the row that names the file."""
    file = error.where or str(example.picture)
    where = file if file == example.where else f"{example.where}: {file}"
    return UserError(error.message, where=where, hint=error.hint)
