"""The state of a training run and the operations on it: restore, save, log, validate.

When each of them is due is decided by `TrainingCallback`.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import torch
from torch import Tensor, nn

from heedful.errors import UserError
from heedful.train import optimiser, randomness
from heedful.train.checkpoint import Checkpoint, save_model, save_training
from heedful.train.curve import read_lines, save_curve
from heedful.train.meter import Meter
from heedful.train.metrics import MetricsFile, is_better
from heedful.train.progress import ProgressBar
from heedful.train.ranks import Ranks
from heedful.train.schedule import Rates
from heedful.train.settings import TrainSettings
from heedful.train.signals import Signals
from heedful.train.state import RunState
from heedful.train.validator import Validator


@dataclass
class TrainingRun:
    """The parts of a run, made by `fit`; `saved` is the checkpoint that it resumes from, if any."""

    model: nn.Module
    settings: TrainSettings
    state: RunState
    folder: Path
    ranks: Ranks
    validator: Validator
    signals: Signals
    meter: Meter
    metrics: MetricsFile
    rate: Rates
    bar: ProgressBar
    saved: Checkpoint | None

    def restore(self, adam: torch.optim.Optimizer) -> None:
        """Restores all but the weights, which DDP needed earlier; a new run only gets its seed."""
        # Also on resuming: with another number of ranks the saved random states cannot be used, and the step keeps
        # the run from drawing the same numbers as at its start.
        randomness.seed_everything(self.settings.seed + self.ranks.rank + self.state.step)
        if self.saved is not None:
            optimiser.load_state(adam, self.model, self.saved.optimiser)
            rank_state = self.saved.ranks.get(self.ranks.rank)
            if rank_state is not None and len(self.saved.ranks) == self.ranks.world:
                randomness.restore(_with_prefix("random", rank_state))
                self.meter.load_state(_with_prefix("meter", rank_state))
            self.saved = None  # frees the memory of its tensors
        self.ranks.on_rank_zero(lambda: self.metrics.begin(self.state.step))

    def save(self, adam: torch.optim.Optimizer) -> None:
        """Writes the training state and, until a validation has found the best weights, the model.

        Raises: UserError (RankFailed on other ranks), when it cannot be written; the previous state is then untouched.
        """
        rank_state = {f"random/{name}": value for name, value in randomness.capture().items()}
        rank_state |= {f"meter/{name}": value for name, value in self.meter.state().items()}
        ranks = self.ranks.all_gather_objects(rank_state)
        self.ranks.on_rank_zero(lambda: self._write(adam, ranks))

    def _write(self, adam: torch.optim.Optimizer, ranks: list[dict[str, Tensor]]) -> None:
        state = self.state
        # First, because a resumed run drops only lines that are newer than its checkpoint.
        self.metrics.sync()
        if state.best is None:  # so that the folder can be used for prediction at any moment
            save_model(self.folder, self.model)
        adam_state = optimiser.state_by_name(adam, self.model)
        save_training(self.folder, state, model=self.model, optimiser=adam_state, ranks=ranks)
        # Last: until the new state is written, a resumed run may need the weights that the old one names.
        self.validator.prune(state)

    def expect_finite(self) -> None:
        """Checks that no loss and no gradient has been NaN or infinite.

        Raises: UserError (RankFailed on other ranks), when one has; names the first such step.
        """
        bad = min(row[0] for row in self.ranks.all_gather([self.meter.first_bad()]))
        if math.isinf(bad):
            return
        self.ranks.on_rank_zero(lambda: self._refuse(bad))

    def _refuse(self, bad: float) -> NoReturn:
        raise UserError(
            f"the loss or its gradient became NaN or infinite at step {bad:.0f}",
            hint=f"resume from the last checkpoint with a lower rate ({self.settings.rate / 2:g} instead of "
            f"{self.settings.rate:g}), with more warmup, or with precision float32",
        )

    def validate(self) -> dict[str, float] | None:
        """Validates, saves the weights if they are the best so far, and prints the numbers and the preview.

        Returns: the numbers; None when a signal interrupted the validation.
        """
        state, metric = self.state, self.settings.metric
        numbers = self.ranks.on_rank_zero(self._measure)
        if numbers is None:
            return None
        value, state.pending = numbers[metric], False
        state.history.append((state.step, value))
        best = is_better(metric, value, state.best)
        state.waited = 0 if best else state.waited + 1
        if best:
            state.best, state.kept = value, f"step {state.step}"
        self.ranks.on_rank_zero(lambda: self.validator.keep(self.model, state.step, is_best=best))
        return numbers

    def _measure(self) -> dict[str, float] | None:
        self.bar.set_status(f"validating at step {self.state.step}")
        measured = self.validator.measure(self.model, self.state.step, self.signals)
        if measured is None:
            return None
        numbers, preview = measured
        shown = " · ".join(f"{name} {value:.4g}" for name, value in numbers.items())
        self.bar.print(f"step {self.state.step}: {shown}")
        if preview is not None:
            self.bar.print(preview)
        return numbers

    def log(self, numbers: dict[str, float]) -> None:
        """Writes a line of metrics.jsonl with the numbers of validation, and resets the sums.

        Raises: ValueError, when `tokens_total` of the batches is not the number of tokens that the losses counted.
        """
        state = self.state
        rows = self.ranks.all_gather([self.meter.nll(), float(self.meter.tokens)])
        tokens = round(sum(row[1] for row in rows))
        if tokens != state.recent_tokens:
            raise ValueError(
                f"tokens_total of the batches adds up to {state.recent_tokens}, but the losses of all ranks counted "
                f"{tokens} tokens: the stream must be made for rank {self.ranks.rank} of {self.ranks.world}; "
                "see `init_ranks`."
            )
        loss = sum(row[0] for row in rows) / max(tokens, 1)
        self.bar.set_loss(loss)
        line = {
            "step": state.step,
            "epoch": state.epoch,
            "seconds": round(state.seconds, 3),
            "train_loss": loss,
            "target_tokens_per_second": round(tokens / max(state.recent_seconds, 1e-9), 1),
            # Of the last step, for which it was set when one step fewer was done.
            "learning_rate": self.rate(max(state.step - 1, 0)),
        }
        line |= {name: value if math.isfinite(value) else None for name, value in numbers.items()}
        self.ranks.on_rank_zero(lambda: self._write_line(line, redraw=bool(numbers)))
        self.meter.reset()
        state.recent_seconds, state.recent_tokens = 0.0, 0

    def _write_line(self, line: dict[str, Any], *, redraw: bool) -> None:
        self.metrics.write(line)
        if redraw:
            save_curve(self.folder, read_lines(self.metrics.path), self.settings.metric)

    def try_averages(self) -> bool:
        """Validates averages of past weights and keeps the best; the model's own weights are restored afterwards.

        Returns: False when a signal interrupted it.
        """
        state = self.state
        # Copies, because `state_dict` gives the very tensors that the averages overwrite.
        weights = {name: value.clone() for name, value in self.model.state_dict().items()}
        self.bar.set_status("averaging the weights of past validations")
        try:
            tried = self.ranks.on_rank_zero(lambda: self.validator.try_averages(self.model, state, self.signals))
        finally:
            self.model.load_state_dict(weights)
        for what, value in tried or []:
            self.bar.print(f"{what}: {self.settings.metric} {value:.4g}")
            if is_better(self.settings.metric, value, state.best):
                state.best, state.kept = value, what
        return tried is not None


def _with_prefix(kind: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(f"{kind}/"): value for name, value in tensors.items() if name.startswith(f"{kind}/")}
