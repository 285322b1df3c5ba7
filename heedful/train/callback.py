"""What happens around the steps of a run, in order: count, log, validate, save, stop."""

import time
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer

from heedful.train.batch_iterator import TrackedBatch
from heedful.train.limits import reason_to_stop
from heedful.train.run import TrainingRun


class TrainingCallback(Callback):
    """Lightning calls it after every step; every rank makes the same decisions from the same numbers.

    `stopped` says why the run ended: the name of a limit, or "interrupted".
    """

    def __init__(self, run: TrainingRun) -> None:
        self.run = run
        self.stopped: str | None = None
        self._began = self._marked = self._saved_at = 0.0

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        run = self.run
        run.signals.take_over()  # Lightning's handler of SIGTERM talks to the other ranks in the middle of a step
        resumes = run.saved is not None
        run.restore(trainer.optimizers[0])
        self._began = time.monotonic() - run.state.seconds
        self._marked = self._saved_at = time.monotonic()
        if not resumes:
            self._save(trainer)  # a full disk shows now, not in an hour
        if run.state.pending:
            self._conclude(trainer, interrupted=False, save=False)
        self._stop_if(trainer, reason_to_stop(run.settings, run.state))

    def on_train_batch_end(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, trainer: Trainer, pl_module: LightningModule, *step: Any
    ) -> None:
        _, batch, _ = step  # the step's output, the batch, its number
        run, now = self.run, time.monotonic()
        self._count(batch, now - self._marked)
        save = now - self._saved_at > 60.0 * run.settings.save_minutes
        wishes = run.ranks.all_gather([float(run.signals.received is not None), now - self._began, float(save)])
        run.state.seconds = wishes[0][1]  # time and saving are for rank 0 to tell
        self._conclude(trainer, interrupted=any(row[0] for row in wishes), save=bool(wishes[0][2]))
        if run.bar.is_due:
            run.bar.show(run.state, nll=run.meter.nll(), tokens=run.meter.tokens)
        self._marked = time.monotonic()

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """The averages, once all limits but an interruption have been heard."""
        run = self.run
        if self.stopped == "interrupted" or run.state.finished is not None:
            return
        if run.try_averages():
            run.state.finished = self.stopped
            self._save(trainer)
        else:
            self.stopped = "interrupted"

    def seconds(self) -> float:
        """How long the run has taken up to now, interruptions left out."""
        return time.monotonic() - self._began

    def _count(self, batch: TrackedBatch, seconds: float) -> None:
        state, tokens, every = self.run.state, batch.batch.tokens_total, self.run.settings.valid_every
        state.step += 1
        state.epoch, state.epochs_done = batch.epoch, batch.epoch - (not batch.is_last)
        state.position = dict(batch.stream_state)
        state.finished = None
        if batch.is_last and batch.epoch == 1:
            state.epoch_steps = state.step
        state.tokens += tokens
        state.recent_tokens += tokens
        state.training_seconds += seconds
        state.recent_seconds += seconds
        state.pending = state.step % every == 0 if every else batch.is_last

    def _conclude(self, trainer: Trainer, *, interrupted: bool, save: bool) -> None:
        """All that may follow a step; a validation that a signal cut off stays pending, and comes first on resuming."""
        run, state, settings = self.run, self.run.state, self.run.settings
        ends = reason_to_stop(settings, state) is not None
        state.pending = run.validator.validate is not None and (state.pending or ends)
        save |= settings.save_every is not None and state.step % settings.save_every == 0
        logs = state.pending or ends or state.step % settings.log_every == 0
        if logs or save or interrupted or run.meter.device.type == "cpu":  # asking a GPU would make it wait
            run.expect_finite()
        numbers: dict[str, float] | None = {}
        if state.pending:
            save = True
            numbers = None if interrupted else run.validate()
            interrupted = numbers is None
        if logs and numbers is not None:
            run.log(numbers)
        reason = "interrupted" if interrupted else reason_to_stop(settings, state)
        if save or reason:
            self._save(trainer)
        self._stop_if(trainer, reason)

    def _save(self, trainer: Trainer) -> None:
        self.run.save(trainer.optimizers[0])
        self._saved_at = time.monotonic()

    def _stop_if(self, trainer: Trainer, reason: str | None) -> None:
        if reason is not None:
            self.stopped = self.stopped or reason
            trainer.should_stop = True
