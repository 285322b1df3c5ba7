"""Saliency maps of many pictures against where people looked, beside what a map has to beat.

| row | what it is |
|---|---|
| map | the map as it is |
| map smoothed | with the smoothing that is chosen for the combination below |
| centre prior | where people look in the other pictures: says nothing about this one |
| map with centre prior | both: smoothing and weight of the map are chosen on the training folds |
| turned, another's | controls: the map turned by 90 degrees, and that of another picture, without and with the prior |

Pictures are split into folds. The prior of a picture, the smoothing and the weight come from the other folds alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import NamedTuple

import numpy as np

from heedful.metric import saliency as metrics
from heedful.metric.saliency_steps import Power, Prior, Smoothing, Steps, ToDensity, ToRange, resized

Array = np.ndarray

MEASURES = ("nss", "auc_judd", "auc_borji", "auc_shuffled", "cc", "sim", "kl", "gain")
"""In the order of the results. `gain` is the information gain over the centre prior, in bits a fixation."""

PRIOR = "centre prior"
_MAP, _SMOOTHED, _TURNED, _ANOTHER = "map", "map smoothed", "map turned by 90°", "another picture's map"
_WITH = f" with {PRIOR}"

_SIDE = 128  # cells along the longer side, at which maps are compared
_BLUR = 0.04  # of people's fixations as a density, as a share of the longer side
_PRIOR_CELLS = 64
_EVEN = 0.01  # of an even density in every density: no place has the probability 0
_SIGMAS, _EXPONENTS, _FLOORS = (0.0, 0.02, 0.04, 0.06), (0.25, 0.5, 1.0, 2.0), (0.02, 0.1, 0.5, 2.0)


@dataclass(frozen=True, eq=False)
class Viewed:
    """A picture's saliency map ``[h, w]``, and people's fixations ``[N, 2]`` as shares of its width and height."""

    saliency: Array
    points: Array = field(repr=False)


class Calibration(NamedTuple):
    """How a map is combined with a centre prior: smoothed, scaled to 0 .. 1, ``(map + floor) ** exponent``."""

    sigma: float
    exponent: float
    floor: float

    def steps(self, prior: Array) -> Steps:
        """From a map to a density that has the prior in it."""
        return Steps(
            Smoothing(self.sigma), ToRange(), Power(self.exponent, self.floor), Prior(prior), ToDensity()
        )  # fmt: skip


class Study(NamedTuple):
    """`rows` are the measures of each row, means over pictures; `chosen` is the calibration of each fold."""

    rows: Mapping[str, Mapping[str, float]]
    chosen: Sequence[Calibration]


def study(pictures: Sequence[Viewed], *, folds: int = 5, seed: int = 1) -> Study:
    """Scores maps and their controls, cross-validated over `folds` parts of the pictures, drawn by `seed`.

    Raises: ValueError, for fewer than two pictures or folds, or a picture without a fixation inside of it.
    """
    folds = min(folds, len(pictures))
    if folds < 2:
        raise ValueError(
            f"{len(pictures)} pictures in {folds} folds: a centre prior needs other pictures, so 2 of each."
        )
    placed = [_Placed.of(each) for each in pictures]
    order = np.random.default_rng(seed).permutation(len(placed))
    fold_of = np.empty(len(placed), int)
    fold_of[order] = np.arange(len(placed)) % folds
    training = [[each for each, fold in zip(placed, fold_of, strict=True) if fold != held] for held in range(folds)]
    priors = [centre_prior(np.concatenate([each.points for each in rest])) for rest in training]
    chosen = calibrate(training, priors)
    rows: dict[str, list[list[float]]] = {}
    for index, each in enumerate(placed):
        fold, other = fold_of[index], order[(int(np.flatnonzero(order == index)[0]) + 1) % len(order)]
        negatives = np.concatenate([picture.points for at, picture in enumerate(placed) if at != index])
        scored = _scores(each, placed[other], priors[fold], chosen[fold], negatives)
        for row, numbers in scored.items():
            rows.setdefault(row, []).append(numbers)
    means = {row: np.mean(numbers, axis=0).tolist() for row, numbers in rows.items()}
    return Study({row: dict(zip(MEASURES, numbers, strict=True)) for row, numbers in means.items()}, chosen)


def centre_prior(points: Array) -> Array:
    """The density of fixations ``[N, 2]``, as shares of width and height, on 64 × 64 cells.

    The standard deviation of the kernel is that of the points times N ** (-1 / 6), Scott's rule for two dimensions.
    """
    shape = (_PRIOR_CELLS, _PRIOR_CELLS)
    width = float(points.std(0).mean()) * len(points) ** (-1 / 6)
    return _with_even(metrics.fixation_density(metrics.fixated_pixels(points, shape), shape, width * _PRIOR_CELLS))


def calibrate(training: Sequence[Sequence["_Placed"]], priors: Sequence[Array]) -> list[Calibration]:
    """For each fold the calibration under which its training fixations are most likely."""
    grid = [Calibration(*values) for values in product(_SIGMAS, _EXPONENTS, _FLOORS)]
    totals = np.zeros((len(priors), len(grid)))
    folds_of: dict[int, list[int]] = {}
    pictures: dict[int, _Placed] = {}
    for fold, rest in enumerate(training):
        for each in rest:
            folds_of.setdefault(id(each), []).append(fold)
            pictures[id(each)] = each
    for key, each in pictures.items():
        # The map is raised once for all folds that train on it: only the prior differs between them.
        weights = np.stack([resized(priors[fold], each.saliency.shape) for fold in folds_of[key]])
        totals[folds_of[key]] += _log_likelihoods(each, weights, grid)
    return [grid[int(best)] for best in totals.argmax(1)]


def _log_likelihoods(each: "_Placed", priors: Array, grid: Sequence[Calibration]) -> Array:
    """The mean logarithm of the probability of a picture's fixations ``[folds, calibrations]``."""
    rows, columns = each.cells.T
    results = np.empty((len(priors), len(grid)))
    smoothed = {sigma: ToRange()(Smoothing(sigma)(each.saliency)) for sigma in _SIGMAS}
    for at, calibration in enumerate(grid):
        raised = Power(calibration.exponent, calibration.floor)(smoothed[calibration.sigma])
        densities = priors * raised
        total = densities.sum((1, 2))
        even = _EVEN / raised.size
        results[:, at] = np.log((1 - _EVEN) * densities[:, rows, columns] / total[:, None] + even).mean(1)
    return results


@dataclass(frozen=True, eq=False)
class _Placed:
    """A picture's map at the size at which maps are compared, and its fixations as shares and as cells of it."""

    saliency: Array
    points: Array
    cells: Array

    @classmethod
    def of(cls, picture: Viewed) -> "_Placed":
        scale = _SIDE / max(picture.saliency.shape)
        height, width = (max(1, round(side * scale)) for side in picture.saliency.shape)
        points = picture.points[((picture.points >= 0) & (picture.points < 1)).all(1)]
        if not len(points):
            raise ValueError("a picture has no fixation inside of it: leave it out.")
        shape = (height, width)
        return cls(resized(np.asarray(picture.saliency, float), shape), points, metrics.fixated_pixels(points, shape))


def _scores(
    each: _Placed, other: _Placed, prior: Array, chosen: Calibration, negatives: Array
) -> dict[str, list[float]]:
    """The measures of all rows for one picture."""
    shape = each.saliency.shape
    prior = resized(prior, shape)
    prepare = chosen.steps(prior)
    maps = {
        _MAP: each.saliency,
        _TURNED: resized(np.rot90(each.saliency), shape),
        _ANOTHER: resized(other.saliency, shape),
    }
    smoothed = Smoothing(chosen.sigma)(each.saliency)
    rows = {_MAP: each.saliency, _SMOOTHED: smoothed, PRIOR: prior}
    rows |= {name + _WITH: prepare(map_) for name, map_ in maps.items()} | maps
    people = metrics.fixation_density(each.cells, shape, _BLUR * max(shape))
    others = metrics.fixated_pixels(negatives, shape)
    return {name: _measures(map_, each.cells, others, people=people, prior=prior) for name, map_ in rows.items()}


def _measures(saliency: Array, cells: Array, others: Array, *, people: Array, prior: Array) -> list[float]:
    """All measures of a map, in the order of `MEASURES`."""
    return [
        metrics.nss(saliency, cells),
        metrics.auc_judd(saliency, cells),
        metrics.auc_borji(saliency, cells),
        metrics.shuffled_auc(saliency, cells, others),
        metrics.correlation(saliency, people),
        metrics.similarity(saliency, people),
        metrics.kl_divergence(_with_even(saliency), people),
        metrics.information_gain(np.log(_with_even(saliency)), np.log(_with_even(prior)), cells),
    ]


def _with_even(saliency: Array) -> Array:
    """The map as a density, with a little of an even one in it."""
    return (1 - _EVEN) * metrics.as_density(saliency) + _EVEN / saliency.size
