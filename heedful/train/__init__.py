"""Training of any model with a loss: on one device or several, and resumable after a kill at any moment."""

import warnings

from heedful.train.batch_iterator import Batch, Stream
from heedful.train.checkpoint import METRICS, MODEL, TRAINING
from heedful.train.fit import FitResult, fit
from heedful.train.ranks import Ranks
from heedful.train.settings import TrainSettings
from heedful.train.trainer import init_ranks

__all__ = [
    "METRICS",
    "MODEL",
    "TRAINING",
    "Batch",
    "FitResult",
    "Ranks",
    "Stream",
    "TrainSettings",
    "fit",
    "init_ranks",
]


def __getattr__(name: str) -> object:
    """The former name of `init_ranks`, for one release."""
    if name != "place":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    warnings.warn("heedful.train.place is now called init_ranks", DeprecationWarning, stacklevel=2)
    return init_ranks
