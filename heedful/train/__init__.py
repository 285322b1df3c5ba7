"""Training of any model with a loss: on own data, over several devices, and on from where a kill left it."""

from heedful.train.checkpoint import METRICS, MODEL, TRAINING
from heedful.train.feed import Batch, Stream
from heedful.train.fit import FitResult, fit
from heedful.train.place import place
from heedful.train.ranks import Ranks
from heedful.train.settings import TrainSettings

__all__ = ["METRICS", "MODEL", "TRAINING", "Batch", "FitResult", "Ranks", "Stream", "TrainSettings", "fit", "place"]
