"""Learning rates: pure functions of the step, so that nothing about them needs saving."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from heedful.errors import UserError
from heedful.train.settings import TrainSettings

Schedule = Callable[[int], float]
"""From the number of steps already done to the rate of the next one."""


@dataclass(frozen=True)
class Constant:
    """The peak rate, reached in a straight line over `warmup` steps."""

    peak: float
    warmup: int

    def __call__(self, step: int) -> float:
        return self.peak * _warming(step, self.warmup)


@dataclass(frozen=True)
class InverseSqrt:
    """The peak rate at the end of `warmup`, and from there down with the root of the step.

    Source: Vaswani et al. 2017, eq. 3 (arXiv:1706.03762), with the peak given in place of the model's width.
    """

    peak: float
    warmup: int

    def __call__(self, step: int) -> float:
        return self.peak * min(_warming(step, self.warmup), math.sqrt(max(self.warmup, 1) / (step + 1)))


@dataclass(frozen=True)
class Cosine:
    """The peak rate at the end of `warmup`, and from there down to 0 at `total` steps by half a cosine.

    Source: Loshchilov & Hutter 2017, eq. 5, without restarts (arXiv:1608.03983).
    """

    peak: float
    warmup: int
    total: int

    def __call__(self, step: int) -> float:
        if step < self.warmup:
            return self.peak * _warming(step, self.warmup)
        gone = min((step - self.warmup) / max(self.total - self.warmup, 1), 1.0)
        return self.peak * (1.0 + math.cos(math.pi * gone)) / 2.0


@dataclass(frozen=True)
class Rates:
    """The rate that a run learns at, and how many steps it will have (None where only other limits are set)."""

    schedule: Schedule
    total: int | None

    def __call__(self, step: int) -> float:
        return self.schedule(step)


def make_rates(settings: TrainSettings, epoch_steps: int | None) -> Rates:
    """The schedule that the settings name; `epoch_steps` are the batches of an epoch, if they are known.

    Raises: UserError, when a cosine is wanted and nobody knows how many steps there will be.
    """
    totals = [settings.steps] if settings.steps else []
    totals += [settings.epochs * epoch_steps] if settings.epochs and epoch_steps else []
    total = min(totals, default=None)
    if settings.schedule == "constant":
        return Rates(Constant(settings.rate, settings.warmup), total)
    if settings.schedule == "inverse-sqrt":
        return Rates(InverseSqrt(settings.rate, settings.warmup), total)
    if total is None:
        raise UserError(
            "the schedule 'cosine' must know the number of steps beforehand",
            hint="give steps, or choose the schedule inverse-sqrt",
        )
    return Rates(Cosine(settings.rate, settings.warmup, total), total)


def _warming(step: int, warmup: int) -> float:
    return min((step + 1) / max(warmup, 1), 1.0)
