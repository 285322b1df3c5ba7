"""Validation: measures the weights, keeps the best, and at the end tries averages of them."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import nn

from heedful.errors import UserError, did_you_mean
from heedful.train import randomness
from heedful.train.checkpoint import average_snapshots, prune_snapshots, save_model, save_snapshot
from heedful.train.metrics import is_better, merit
from heedful.train.settings import TrainSettings
from heedful.train.signals import Interrupted, Signals
from heedful.train.state import RunState

Validate = Callable[[nn.Module, int], dict[str, float]]
"""Named numbers, such as valid_bleu, from the model in evaluation mode without gradients, and the step."""

Watch = Callable[[nn.Module], Any]
"""Something for rich to print after each validation, from the model; or None."""


class Validator:
    """Validation on rank 0; the number that `validate` returns as `settings.metric` selects the best weights."""

    def __init__(
        self, validate: Validate | None, watch: Watch | None, *, settings: TrainSettings, folder: Path
    ) -> None:
        self.validate, self.watch = validate, watch
        self.settings, self.folder = settings, folder

    def measure(self, model: nn.Module, step: int, signals: Signals) -> tuple[dict[str, float], Any] | None:
        """The numbers at this step and the preview to print; None when a signal interrupted it.

        Raises: UserError, when the metric of the settings is not among the numbers.
        """
        assert self.validate is not None
        try:
            with signals.cutting(), _evaluating(model):
                numbers = {name: float(value) for name, value in self.validate(model, step).items()}
                preview = self.watch(model) if self.watch is not None else None
        except Interrupted:
            return None
        if self.settings.metric not in numbers:
            raise UserError(
                f"validation returns no number called {self.settings.metric!r}, which is to select the best weights",
                hint=f"train.metric: {did_you_mean(self.settings.metric, numbers)}",
            )
        return numbers, preview

    def keep(self, model: nn.Module, step: int, *, is_best: bool) -> None:
        """Saves the weights for averaging later and, if they are the best so far, as the model."""
        if self.settings.average > 1:
            save_snapshot(self.folder, model, step)
        if is_best:
            save_model(self.folder, model)

    def prune(self, state: RunState) -> None:
        """Deletes saved weights that no average will use."""
        prune_snapshots(self.folder, {step for steps in self.candidates(state) for step in steps})

    def candidates(self, state: RunState) -> list[tuple[int, ...]]:
        """The sets of steps to average: the last N validations and the best N; one set if they are the same."""
        count = self.settings.average
        if count < 2:
            return []
        last = tuple(step for step, _ in state.history[-count:])
        ranked = sorted(state.history, key=lambda entry: merit(self.settings.metric, entry[1]), reverse=True)
        # In the order of steps, so that the two sets are equal where they hold the same weights.
        best = tuple(sorted(step for step, _ in ranked[:count]))
        return list(dict.fromkeys((last, best)))

    def try_averages(self, model: nn.Module, state: RunState, signals: Signals) -> list[tuple[str, float]] | None:
        """Validates each average and saves it as the model if it is better; overwrites the weights in memory.

        Returns: each average and its metric; None when a signal interrupted it.
        """
        tried: list[tuple[str, float]] = []
        best = state.best
        for steps in self.candidates(state):
            if len(steps) < 2:
                continue
            model.load_state_dict(average_snapshots(self.folder, steps))
            measured = self.measure(model, state.step, signals)
            if measured is None:
                return None
            metric = measured[0][self.settings.metric]
            tried.append((f"the average of steps {', '.join(map(str, steps))}", metric))
            if is_better(self.settings.metric, metric, best):
                best = metric
                save_model(self.folder, model)
        return tried


@contextmanager
def _evaluating(model: nn.Module) -> Generator[None]:
    """Evaluation mode without gradients; afterwards random states are restored, so that training is not affected."""
    random_states = randomness.capture()
    model.eval()
    try:
        # Not inference_mode: tensors that a module caches now would be unusable for gradients in training.
        with torch.no_grad():
            yield
    finally:
        model.train()
        randomness.restore(random_states)
