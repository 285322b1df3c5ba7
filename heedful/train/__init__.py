"""Training of any model with a loss: on one device or several, and resumable after a kill at any moment."""

from heedful.deprecation import Renamed, deprecated_attribute
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

_RENAMED = {"place": Renamed(f"{__name__}:init_ranks", f"{__name__}.init_ranks")}


def __getattr__(name: str) -> object:
    """Old names, with a warning (PEP 562)."""
    return deprecated_attribute(__name__, name, _RENAMED)
