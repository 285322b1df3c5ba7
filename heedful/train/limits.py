"""When a run is over, and how long it may still take."""

from heedful.train.settings import TrainSettings
from heedful.train.state import RunState


def reason_to_stop(settings: TrainSettings, state: RunState) -> str | None:
    """The name of the limit that has been reached, or None."""
    limits = {
        "steps": settings.steps is not None and state.step >= settings.steps,
        "epochs": settings.epochs is not None and state.epochs_done >= settings.epochs,
        "minutes": settings.minutes is not None and state.seconds >= 60.0 * settings.minutes,
        "patience": 0 < settings.patience <= state.waited,
    }
    return next((name for name, reached in limits.items() if reached), None)


def seconds_left(settings: TrainSettings, state: RunState) -> float | None:
    """How long until the first limit that can be foreseen, at the pace so far; None while nobody knows."""
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
