"""Learning rate schedules: pure functions of the step, so that they need no state in a checkpoint."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from heedful.errors import UserError
from heedful.train.settings import TrainSettings

Schedule = Callable[[int], float]
"""The learning rate of the next step, from the number of steps done."""


@dataclass(frozen=True)
class Constant:
    """The peak rate after a linear warmup of `warmup` steps."""

    peak: float
    warmup: int

    def __call__(self, step: int) -> float:
        return self.peak * _warmup_factor(step, self.warmup)


@dataclass(frozen=True)
class InverseSqrt:
    """Linear warmup to the peak rate, then decay with the inverse square root of the step.

    Source: Vaswani et al. 2017, eq. 3 (arXiv:1706.03762), with the peak as a setting instead of the model's width.
    """

    peak: float
    warmup: int

    def __call__(self, step: int) -> float:
        # The two meet at the end of the warmup, where both are 1.
        return self.peak * min(_warmup_factor(step, self.warmup), math.sqrt(max(self.warmup, 1) / (step + 1)))


@dataclass(frozen=True)
class Cosine:
    """Linear warmup to the peak rate, then half a cosine down to 0 at `total` steps.

    Source: Loshchilov & Hutter 2017, eq. 5, without restarts (arXiv:1608.03983).
    """

    peak: float
    warmup: int
    total: int

    def __call__(self, step: int) -> float:
        if step < self.warmup:
            return self.peak * _warmup_factor(step, self.warmup)
        # Beyond the last step the cosine would rise again.
        progress = min((step - self.warmup) / max(self.total - self.warmup, 1), 1.0)
        return self.peak * (1.0 + math.cos(math.pi * progress)) / 2.0


@dataclass(frozen=True)
class Rates:
    """The schedule of a run and its number of steps, None where only other limits are set."""

    schedule: Schedule
    total: int | None

    def __call__(self, step: int) -> float:
        return self.schedule(step)


def make_rates(settings: TrainSettings, epoch_steps: int | None) -> Rates:
    """The schedule of the settings; `epoch_steps` is the number of batches of an epoch, if known.

    Raises: UserError, when the schedule is cosine and the number of steps is unknown.
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
            "the schedule 'cosine' needs to know the number of steps in advance",
            hint="set steps, or choose the schedule inverse-sqrt",
        )
    return Rates(Cosine(settings.rate, settings.warmup, total), total)


def _warmup_factor(step: int, warmup: int) -> float:
    # Steps are counted from 0, and the first one must not have a rate of 0.
    return min((step + 1) / max(warmup, 1), 1.0)
