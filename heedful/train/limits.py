"""When a run ends, and how long that will probably take."""

from heedful.train.settings import TrainSettings
from heedful.train.state import RunState


def reason_to_stop(settings: TrainSettings, state: RunState) -> str | None:
    """The name of the first limit that has been reached; None while there is none."""
    limits = {
        "steps": settings.steps is not None and state.step >= settings.steps,
        "epochs": settings.epochs is not None and state.epochs_done >= settings.epochs,
        "minutes": settings.minutes is not None and state.seconds >= 60.0 * settings.minutes,
        "patience": 0 < settings.patience <= state.waited,
    }
    return next((name for name, reached in limits.items() if reached), None)


def seconds_left(settings: TrainSettings, state: RunState) -> float | None:
    """The seconds until the nearest limit, at the speed so far; None if no limit can be predicted yet."""
    if not state.step:
        return None
    pace = state.seconds / state.step
    left: list[float] = []
    if settings.steps is not None:
        left.append((settings.steps - state.step) * pace)
    if settings.epochs is not None and state.epoch_steps:
        left.append((settings.epochs * state.epoch_steps - state.step) * pace)
    if settings.minutes is not None:
        left.append(60.0 * settings.minutes - state.seconds)
    return max(min(left), 0.0) if left else None
