"""What is done to a saliency map before it is compared with fixations: smoothing, a centre bias, normalisation.

Each is a value that is called with a map ``[height, width]`` and returns another; `Steps` is several, one after
another. None of them is part of a model or of a metric, so that two models can be compared with the same ones.

    >>> import numpy as np
    >>> from heedful.metric.saliency_steps import CentreBias, Smoothing, Steps, ToDensity
    >>> prepare = Steps(Smoothing(0.03), CentreBias(0.25, 0.25), ToDensity())
    >>> float(prepare(np.random.rand(30, 40)).sum().round(6))
    1.0
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import final

import numpy as np

from heedful.metric.saliency import as_density

Array = np.ndarray
Step = Callable[[Array], Array]
"""From a map to a map of the same size."""


@final
@dataclass(frozen=True)
class Smoothing:
    """A Gaussian blur whose standard deviation is this share of the map's longer side; 0 changes nothing.

    Beyond the border nothing is added: each value is the weighted mean of what there is.
    Raises: ValueError, for a share that is negative or no finite number.
    """

    sigma: float | int

    def __post_init__(self) -> None:
        if not 0 <= self.sigma < math.inf:
            raise ValueError(f"{self} needs a share of 0 or more.")

    def __call__(self, saliency: Array) -> Array:
        if self.sigma == 0:
            return saliency
        sigma = self.sigma * max(saliency.shape)
        return _mean_matrix(saliency.shape[0], sigma) @ saliency @ _mean_matrix(saliency.shape[1], sigma).T


@final
@dataclass(frozen=True)
class CentreBias:
    """Multiplies by a Gaussian at the centre; its standard deviations are shares of the width and of the height.

    People look at the middle of pictures, whatever these show.
    Raises: ValueError, for a share that is not above 0.
    """

    width: float | int = 0.25
    height: float | int = 0.25

    def __post_init__(self) -> None:
        if not (0 < self.width < math.inf and 0 < self.height < math.inf):
            raise ValueError(f"{self} needs shares above 0.")

    def __call__(self, saliency: Array) -> Array:
        down, across = (
            np.exp(-0.5 * ((np.arange(side) + 0.5) / side - 0.5) ** 2 / share**2)
            for side, share in zip(saliency.shape, (self.height, self.width), strict=True)
        )
        return saliency * down[:, None] * across


@final
@dataclass(frozen=True, eq=False)
class Prior:
    """Multiplies by a density of where people look in other pictures; it is resized to the map."""

    density: Array = field(repr=False)

    def __call__(self, saliency: Array) -> Array:
        return saliency * resized(self.density, saliency.shape)


@final
@dataclass(frozen=True)
class Power:
    """``(map + floor) ** exponent``: a small exponent or a large floor brings the peaks of a map closer to the rest.

    For maps that are nowhere below 0, such as those of `ToRange`.
    Raises: ValueError, for an exponent that is not above 0 or a negative floor.
    """

    exponent: float | int
    floor: float | int = 0.0

    def __post_init__(self) -> None:
        if not (0 < self.exponent < math.inf and 0 <= self.floor < math.inf):
            raise ValueError(f"{self} needs an exponent above 0 and a floor of 0 or more.")

    def __call__(self, saliency: Array) -> Array:
        return (saliency + self.floor) ** self.exponent


@final
@dataclass(frozen=True)
class ToRange:
    """Scales a map to 0 .. 1; one without variation to 0."""

    def __call__(self, saliency: Array) -> Array:
        low, high = saliency.min(), saliency.max()
        return (saliency - low) / (high - low) if high > low else np.zeros(saliency.shape)


@final
@dataclass(frozen=True)
class ToDensity:
    """Shifts a map to 0 or more and scales it to sum to 1; an even density where nothing is left."""

    def __call__(self, saliency: Array) -> Array:
        return as_density(saliency)


@final
@dataclass(frozen=True)
class ToStandard:
    """Shifts and scales a map to mean 0 and standard deviation 1; one without variation to 0."""

    def __call__(self, saliency: Array) -> Array:
        deviation = saliency.std()
        return (saliency - saliency.mean()) / deviation if deviation > 0 else np.zeros(saliency.shape)


@final
@dataclass(frozen=True, init=False)
class Steps:
    """Several steps, one after another; without any the map stays as it is."""

    steps: tuple[Step, ...]

    def __init__(self, *steps: Step) -> None:
        object.__setattr__(self, "steps", steps)  # the class is frozen

    def __call__(self, saliency: Array) -> Array:
        for step in self.steps:
            saliency = step(saliency)
        return saliency


def resized(saliency: Array, shape: tuple[int, ...]) -> Array:
    """A map at another size (height, width), linear between the centres of its cells."""
    if tuple(saliency.shape) == tuple(shape):
        return saliency
    down, across = (_linear_matrix(new, old) for new, old in zip(shape, saliency.shape, strict=True))
    return down @ saliency @ across.T


def _linear_matrix(new: int, old: int) -> Array:
    """Weights ``[new, old]`` of the cells between whose centres each new cell's centre lies."""
    at = np.clip((np.arange(new) + 0.5) * old / new - 0.5, 0, old - 1)
    return np.maximum(0.0, 1.0 - np.abs(at[:, None] - np.arange(old)))


def _mean_matrix(length: int, sigma: float) -> Array:
    distance = np.subtract.outer(np.arange(length), np.arange(length)) / sigma
    weights = np.exp(-0.5 * distance**2)
    return weights / weights.sum(1, keepdims=True)
