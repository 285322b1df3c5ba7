"""How long a run is: enough steps for small data by default, and a note if a run has hardly begun to learn."""

from math import ceil

from heedful.train import FitResult, TrainSettings

LENGTHS = ("epochs", "steps", "minutes", "least_steps")
"""The settings that say how long to train; a task's own least number of steps holds if none is chosen."""

_VALIDATIONS = 20  # of a run whose epochs are too short to validate after each
_MOST_TIMES = 10  # as many epochs as without `least_steps`
_FEW_STEPS = 500
_NEAR_CHANCE = 0.2


def with_enough_steps(settings: TrainSettings, epoch_steps: int) -> tuple[TrainSettings, list[str]]:
    """Settings with as many epochs as ``least_steps`` needs, and a line about it if these are more.

    `epoch_steps` is the number of batches of an epoch.
    """
    least, epochs = settings.least_steps, settings.epochs
    if epochs is None or not epoch_steps or epochs * epoch_steps >= least:
        return settings, []
    # Very few examples are not repeated until a model knows them by heart.
    longer = min(ceil(least / epoch_steps), _MOST_TIMES * epochs)
    every = settings.valid_every or max(epoch_steps, ceil(longer * epoch_steps / _VALIDATIONS))
    steps = "1 step" if epoch_steps == 1 else f"{epoch_steps} steps"
    note = f"few examples: {longer} epochs of {steps} instead of {epochs}; train.epochs sets another number"
    return settings.model_copy(update={"epochs": longer, "valid_every": every}), [note]


def note_if_hardly_begun(settings: TrainSettings, result: FitResult, above_chance: float | None) -> str | None:
    """A line that says that a run was too short to learn, and what to set; None if it was not.

    `above_chance` is how far the metric is on the way from chance (0) to perfect (1); None if that is unknown.
    """
    if result.stopped not in ("epochs", "steps", "minutes") or not result.steps:
        return None
    if result.steps <= settings.warmup:
        reason = f"the learning rate rises for train.warmup {settings.warmup} steps"
    elif result.steps < _FEW_STEPS and above_chance is not None and above_chance < _NEAR_CHANCE:
        reason = f"{settings.metric} {result.best:.4g} is near chance"
    else:
        return None
    enough = max(_FEW_STEPS, 3 * settings.warmup)
    more = f"train.{result.stopped}"
    if result.stopped == "steps":
        more += f" to {enough}"
    elif result.stopped == "epochs" and settings.epochs is not None:
        more += f" to {ceil(settings.epochs * enough / result.steps)}"
    return f"note: after {result.steps} steps the run has hardly begun: {reason}. Train longer: set {more} or more"
