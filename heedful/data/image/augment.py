"""Random changes of training pictures: crop, flip and colour. Any function from `Fitted` to `Fitted` can join them.

Each takes its random numbers from a generator, so that a run repeats by its seed.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import torch
from torch import Generator, Tensor

from heedful.axes import Box
from heedful.data.image.fit import Fitted, resized
from heedful.data.image.picture import Picture

Augmentation = Callable[[Fitted, Generator], Fitted]
"""A random change of a picture that has a model's size already."""

_LUMA = (0.299, 0.587, 0.114)
"""How much red, green and blue count in brightness (ITU-R BT.601)."""


@final
@dataclass(frozen=True)
class RandomCrop:
    """A random part of the picture, at least `scale` of its area, in about a model's proportions.

    Source: Szegedy et al. 2015 (arXiv:1409.4842), section 6: areas of at least 8 %, sides of 3:4 to 4:3.
    Raises: ValueError, for shares that are not between 0 and 1 or proportions below 1.
    """

    height: int
    width: int
    scale: float = 0.5
    proportions: float = 4 / 3

    def __post_init__(self) -> None:
        if not 0.0 < self.scale <= 1.0 or self.proportions < 1.0:
            raise ValueError(f"{self} needs a scale in (0, 1] and proportions of at least 1.")

    def __call__(self, picture: Picture, generator: Generator) -> Fitted:
        width, height = map(float, picture.size)
        area = width * height * _uniform(self.scale, 1.0, generator)
        # Uniform in the logarithm: twice as wide is then as likely as twice as high.
        bound = math.log(self.proportions)
        aspect = self.width / self.height * math.exp(_uniform(-bound, bound, generator))
        across, down = min(math.sqrt(area * aspect), width), min(math.sqrt(area / aspect), height)
        left, top = _uniform(0.0, width - across, generator), _uniform(0.0, height - down, generator)
        return resized(picture, (left, top, left + across, top + down), (self.height, self.width))


@final
@dataclass(frozen=True)
class Flip:
    """Left and right exchanged, in half of the pictures. Not for texts, digits, or captions that say left and right."""

    def __call__(self, fitted: Fitted, generator: Generator) -> Fitted:
        if _uniform(0.0, 1.0, generator) < 0.5:
            return fitted
        return Fitted(fitted.pixels.flip(2), fitted.region)


@final
@dataclass(frozen=True)
class Colour:
    """Brightness, contrast and saturation, each multiplied by a random factor of 1 ± `strength`.

    Raises: ValueError, for a strength that is not between 0 and 1.
    """

    strength: float = 0.3

    def __post_init__(self) -> None:
        if not 0.0 <= self.strength <= 1.0:
            raise ValueError(f"{self} needs a strength between 0 and 1.")

    def __call__(self, fitted: Fitted, generator: Generator) -> Fitted:
        brightness, contrast, saturation = (_uniform(1 - self.strength, 1 + self.strength, generator) for _ in range(3))
        pixels = fitted.pixels.float() * brightness
        grey = _grey(pixels)
        pixels = grey + (pixels - grey) * saturation
        middle = grey.mean()
        pixels = middle + (pixels - middle) * contrast
        return Fitted(pixels.round().clamp(0, 255).to(torch.uint8), fitted.region)


def mirrored(box: Box, width: float) -> Box:
    """A box of a picture `width` wide, after `Flip` has exchanged left and right."""
    left, top, right, bottom = box
    return width - right, top, width - left, bottom


def _grey(pixels: Tensor) -> Tensor:
    return (pixels * pixels.new_tensor(_LUMA)[:, None, None]).sum(0, keepdim=True)


def _uniform(low: float, high: float, generator: Generator) -> float:
    return low + (high - low) * float(torch.rand((), generator=generator))
