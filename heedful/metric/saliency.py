"""Metrics of saliency maps against people's fixations. Maps are arrays ``[height, width]``; fixations are pixels.

Fixations are integers ``[N, 2]``, row and column in the map. `fixated_pixels` makes them from fractions of the picture.
A map without any variation scores as chance does.
"""

import numpy as np

Array = np.ndarray

_TINY = 2.2204e-16
"""What the MIT/Tübingen benchmark adds in quotients and logarithms of `kl_divergence`."""


def fixated_pixels(fractions: Array, shape: tuple[int, int]) -> Array:
    """The pixels of fixations ``[N, 2]`` given as x and y in fractions of the width and the height.

    Fixations outside of the picture are left out.
    """
    points = np.asarray(fractions, float).reshape(-1, 2)
    inside = ((points >= 0) & (points < 1)).all(1)
    height, width = shape
    columns, rows = (points[inside] * (width, height)).astype(int).T
    return np.stack([rows, columns], axis=1)


def fixation_density(fixations: Array, shape: tuple[int, int], sigma: float) -> Array:
    """A map that sums to 1: fixations blurred by a Gaussian of `sigma` pixels; even if there are none."""
    counts = np.zeros(shape)
    np.add.at(counts, (fixations[:, 0], fixations[:, 1]), 1.0)
    return as_density(_gaussian_matrix(shape[0], sigma) @ counts @ _gaussian_matrix(shape[1], sigma).T)


def as_density(saliency: Array) -> Array:
    """The map shifted to be at least 0 and scaled to sum to 1; an even map where nothing is left."""
    raised = np.asarray(saliency, float) - min(0.0, float(np.min(saliency)))
    total = raised.sum()
    return raised / total if total > 0 else np.full(raised.shape, 1.0 / raised.size)


def nss(saliency: Array, fixations: Array) -> float:
    """Normalised scanpath saliency: the mean at fixations of the map in standard deviations from its mean.

    Source: Peters et al. 2005.
    """
    deviation = saliency.std()
    values = saliency[fixations[:, 0], fixations[:, 1]] - saliency.mean()
    return float(values.mean() / deviation) if deviation > 0 else 0.0


def auc_judd(saliency: Array, fixations: Array) -> float:
    """The probability that a fixated pixel has a higher value than one that is not; ties count half.

    Source: Judd et al. 2009.
    """
    fixated = np.zeros(saliency.shape, bool)
    fixated[fixations[:, 0], fixations[:, 1]] = True
    return _auc(saliency[fixations[:, 0], fixations[:, 1]], saliency[~fixated])


def auc_borji(saliency: Array, fixations: Array) -> float:
    """As `auc_judd` against pixels drawn evenly from the whole picture: the expectation, which needs no draw.

    Source: Borji et al. 2013.
    """
    return _auc(saliency[fixations[:, 0], fixations[:, 1]], saliency.ravel())


def shuffled_auc(saliency: Array, fixations: Array, others: Array) -> float:
    """As `auc_judd` against pixels that were fixated in other pictures, so that a centre bias gains nothing.

    Source: Zhang et al. 2008; Tatler et al. 2005.
    """
    return _auc(saliency[fixations[:, 0], fixations[:, 1]], saliency[others[:, 0], others[:, 1]])


def correlation(saliency: Array, density: Array) -> float:
    """The linear correlation (CC) of a map with the density of fixations; 0 where either is constant."""
    first, second = saliency - saliency.mean(), density - density.mean()
    norm = float(np.sqrt((first**2).sum() * (second**2).sum()))
    return float((first * second).sum()) / norm if norm > 0 else 0.0


def similarity(saliency: Array, density: Array) -> float:
    """The histogram intersection (SIM) of the two as densities: 1 where they are equal, 0 where they never overlap."""
    return float(np.minimum(as_density(saliency), as_density(density)).sum())


def kl_divergence(saliency: Array, density: Array) -> float:
    """The Kullback-Leibler divergence of the map from the density of fixations, in nats; 0 is best.

    Source: Bylinskii et al. 2019 (arXiv:1604.03605), with the regularisation of the MIT/Tübingen benchmark.
    """
    model, people = as_density(saliency), as_density(density)
    return float((people * np.log(_TINY + people / (model + _TINY))).sum())


def information_gain(log_density: Array, baseline: Array, fixations: Array) -> float:
    """How many bits a fixation costs less under a density than under a baseline's, both as natural logarithms.

    Source: Kümmerer et al. 2015 (arXiv:1409.7686).
    """
    rows, columns = fixations[:, 0], fixations[:, 1]
    return float((log_density[rows, columns] - baseline[rows, columns]).mean() / np.log(2.0))


def _auc(positive: Array, negative: Array) -> float:
    """The probability that a positive is above a negative, ties counting half."""
    if not len(positive) or not len(negative):
        return 0.5
    ordered = np.sort(negative)
    below, up_to = (np.searchsorted(ordered, positive, side=side) for side in ("left", "right"))
    return float((below + up_to).mean() / 2 / len(ordered))


def _gaussian_matrix(length: int, sigma: float) -> Array:
    distance = np.subtract.outer(np.arange(length), np.arange(length)) / sigma
    return np.exp(-0.5 * distance**2)
