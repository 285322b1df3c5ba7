"""How a picture file becomes a model's input: its size, its fit and its normalisation. A part of a run folder."""

import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, final

import torch
from jaxtyping import Float
from torch import Tensor

from heedful.data.image.fit import CentreCrop, Fit, Fitted, Letterbox, Stretch
from heedful.data.image.picture import Picture, PictureReader
from heedful.errors import UserError, did_you_mean
from heedful.store import read_text, write_text_atomically

FITS: dict[str, Callable[[int, int], Fit]] = {"crop": CentreCrop, "letterbox": Letterbox, "stretch": Stretch}
"""Fits by name, from a height and a width: the middle, all with white beside it, or all with other proportions."""

SAMPLE = 500
"""Pictures from which a mean and a standard deviation are learnt."""

_MIN_STD = 1 / 255
"""Smaller deviations count as one level of 8 bits: pictures of one colour would be divided by zero."""

Channels = tuple[float, float, float]
"""A number for each of red, green and blue."""


@final
@dataclass(frozen=True)
class PictureInput:
    """Reads pictures as a model takes them: RGB, `height` × `width`, ``(value / 255 - mean) / std`` by channel.

    `fit` is one of `FITS`. `max_megapixels` is the size from which `PictureReader` refuses a picture.
    Raises: UserError, for an unknown fit, a side below 1, and numbers that are not finite or a deviation of 0.
    """

    height: int
    width: int
    fit: str = "letterbox"
    mean: Channels = (0.5, 0.5, 0.5)
    std: Channels = (0.5, 0.5, 0.5)
    max_megapixels: float = 40.0

    def __post_init__(self) -> None:
        if self.fit not in FITS:
            raise UserError(f"unknown fit {self.fit!r}", hint=did_you_mean(self.fit, FITS))
        if self.height < 1 or self.width < 1:
            raise UserError(f"pictures of {self.width} × {self.height} pixels", hint="give a height and width above 0")
        for name, numbers in (("mean", self.mean), ("std", self.std)):
            if len(numbers) != 3 or not all(map(math.isfinite, numbers)) or (name == "std" and min(numbers) <= 0):
                hint = "expected three numbers, for red, green and blue, and deviations above 0"
                raise UserError(f"the {name} of pictures is {list(numbers)}", hint=hint)

    @classmethod
    def learn(cls, paths: Sequence[Path], *, height: int, width: int, **settings: Any) -> "PictureInput":
        """An input whose mean and deviation are those of training pictures, of `SAMPLE` of them where there are more.

        Pictures that cannot be read are left out; training reports them. `settings` are further fields.
        Raises: UserError, when none of the pictures can be read: the error of the first one.
        """
        raw = cls(height, width, **settings)
        # Evenly over the list, which may be sorted by kind.
        chosen = [paths[index * len(paths) // SAMPLE] for index in range(SAMPLE)] if len(paths) > SAMPLE else paths
        mean, std = _statistics(raw, chosen)
        return replace(raw, mean=mean, std=std)

    @cached_property
    def reader(self) -> PictureReader:
        """The reader of these pictures; one for each input, which warns once of each oddity."""
        return PictureReader(self.max_megapixels)

    @cached_property
    def fitting(self) -> Fit:
        """The fit as a function."""
        return FITS[self.fit](self.height, self.width)

    def open(self, path: Path | str) -> Picture:
        """The picture in a file, in its own size, for drawing on it.

        Raises: UserError, as `PictureReader.read` does.
        """
        return self.reader.read(path)

    def read(self, path: Path | str) -> Fitted:
        """The picture in a file, fitted to the model's size; its region is in pixels of the original.

        Raises: UserError, as `PictureReader.read` does.
        """
        return self.fitting(self.open(path))

    def tensor(self, fitted: Fitted) -> Float[Tensor, "3 H W"]:
        """The normalised pixels of a fitted picture."""
        mean, std = (torch.tensor(numbers)[:, None, None] for numbers in (self.mean, self.std))
        return (fitted.pixels.float() / 255 - mean) / std

    def batch(self, paths: Sequence[Path | str]) -> Float[Tensor, "B 3 H W"]:
        """The pictures in some files, normalised.

        Raises: UserError, as `PictureReader.read` does, for the first file that cannot be read.
        """
        return self.stacked([self.read(path) for path in paths])

    def stacked(self, fitted: Sequence[Fitted]) -> Float[Tensor, "B 3 H W"]:
        """Fitted pictures as a batch, normalised."""
        if not fitted:
            return torch.zeros(0, 3, self.height, self.width)
        return torch.stack([self.tensor(each) for each in fitted])

    def save(self, folder: Path, name: str) -> None:
        """Writes ``folder/name.json``."""
        write_text_atomically(folder / f"{name}.json", json.dumps(self.settings()) + "\n")

    def settings(self) -> dict[str, Any]:
        """The fields as JSON has them."""
        return {
            "height": self.height,
            "width": self.width,
            "fit": self.fit,
            "mean": list(self.mean),
            "std": list(self.std),
            "max_megapixels": self.max_megapixels,
        }


def load_picture_input(folder: Path, name: str) -> PictureInput:
    """Reads what `PictureInput.save` wrote.

    Raises: UserError, when the file is missing or damaged.
    """
    path = folder / f"{name}.json"
    try:
        return picture_input(json.loads(read_text(path)))
    except (json.JSONDecodeError, RecursionError, KeyError, TypeError, ValueError, AttributeError) as error:
        reason = f"{type(error).__name__}: {error}"
    except UserError as error:
        if error.where:
            raise
        reason = str(error)
    raise UserError(f"this file is damaged: {reason}", where=str(path), hint="copy the whole run folder again")


def picture_input(settings: Any) -> PictureInput:
    """An input from its settings, as `PictureInput.settings` returns them.

    Raises: UserError, as `PictureInput` does; KeyError, TypeError or ValueError, for other content.
    """
    return PictureInput(
        int(settings["height"]),
        int(settings["width"]),
        fit=str(settings["fit"]),
        mean=_channels(settings["mean"]),
        std=_channels(settings["std"]),
        max_megapixels=float(settings["max_megapixels"]),
    )


def _channels(numbers: Iterable[Any]) -> Channels:
    # Raises ValueError unless there are three.
    red, green, blue = (round(float(number), 6) for number in numbers)
    return red, green, blue


def _statistics(raw: PictureInput, paths: Iterable[Path]) -> tuple[Channels, Channels]:
    """The mean and the deviation of each channel, of fitted pictures from 0 to 1."""
    count, total, squares = 0, torch.zeros(3, dtype=torch.float64), torch.zeros(3, dtype=torch.float64)
    first: UserError | None = None
    for path in paths:
        try:
            pixels = raw.read(path).pixels.double().flatten(1) / 255
        except UserError as error:
            first = first or error
            continue
        count += pixels.shape[1]
        total += pixels.sum(1)
        squares += pixels.square().sum(1)
    if not count:
        raise first or UserError("there is no picture to learn a mean from")
    mean = total / count
    std = (squares / count - mean.square()).clamp_min(0).sqrt().clamp_min(_MIN_STD)
    return _channels(mean.tolist()), _channels(std.tolist())
