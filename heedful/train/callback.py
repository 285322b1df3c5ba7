"""What happens after each training step, in this order: count, validate, log, save, stop."""

import time
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer

from heedful.train.batch_iterator import TrackedBatch
from heedful.train.limits import reason_to_stop
from heedful.train.run import TrainingRun


class TrainingCallback(Callback):
    """Called by Lightning after every step; every rank makes the same decisions from the same numbers.

    `stopped` is the reason why the run ended: the name of a limit, or "interrupted".
    """

    def __init__(self, run: TrainingRun) -> None:
        self.run = run
        self.stopped: str | None = None
        self._began = self._marked = self._saved_at = 0.0

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        run = self.run
        # Lightning has installed its own SIGTERM handler, which would talk to the other ranks in the middle of a step.
        run.signals.take_over()
        resumes = run.saved is not None
        run.restore(trainer.optimizers[0])
        # As if the run had never been interrupted: the limit in minutes counts the time before, too.
        self._began = time.monotonic() - run.state.seconds
        self._marked = self._saved_at = time.monotonic()
        if not resumes:
            self._save(trainer)  # so that a full disk is reported now and not after an hour of training
        # The validation that the interruption cut off comes before the next step.
        if run.state.pending:
            self._conclude(trainer, interrupted=False, save=False)
        # A run whose limit is reached already must not take another step when it is resumed.
        self._stop_if(trainer, reason_to_stop(run.settings, run.state))

    def on_train_batch_end(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, trainer: Trainer, pl_module: LightningModule, *step: Any
    ) -> None:
        _, batch, _ = step  # the step's output, the batch, its number
        run, now = self.run, time.monotonic()
        self._count(batch, now - self._marked)
        save = now - self._saved_at > 60.0 * run.settings.save_minutes
        wishes = run.ranks.all_gather([float(run.signals.received is not None), now - self._began, float(save)])
        # Clocks differ between ranks. All take rank 0's, so that all stop and save after the same step.
        run.state.seconds = wishes[0][1]
        self._conclude(trainer, interrupted=any(row[0] for row in wishes), save=bool(wishes[0][2]))
        if run.bar.is_due:
            run.bar.show(run.state, nll=run.meter.nll(), tokens=run.meter.tokens)
        self._marked = time.monotonic()

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Tries averages of the weights, unless the run was interrupted or has finished before."""
        run = self.run
        if self.stopped == "interrupted" or run.state.finished is not None:
            return
        if run.try_averages():
            run.state.finished = self.stopped
            self._save(trainer)
        else:
            self.stopped = "interrupted"

    def seconds(self) -> float:
        """How long the run has taken so far, without the time between interruption and resumption."""
        return time.monotonic() - self._began

    def _count(self, batch: TrackedBatch, seconds: float) -> None:
        state, tokens, every = self.run.state, batch.batch.tokens_total, self.run.settings.valid_every
        state.step += 1
        state.epoch, state.epochs_done = batch.epoch, batch.epoch - (not batch.is_last)
        state.position = dict(batch.stream_state)
        # A finished run goes on when it is resumed with a higher limit.
        state.finished = None
        if batch.is_last and batch.epoch == 1:
            state.epoch_steps = state.step
        state.tokens += tokens
        state.recent_tokens += tokens
        state.training_seconds += seconds
        state.recent_seconds += seconds
        state.pending = state.step % every == 0 if every else batch.is_last

    def _conclude(self, trainer: Trainer, *, interrupted: bool, save: bool) -> None:
        """Validates, logs, saves and stops, as far as each is due.

        A validation that a signal cuts off stays pending and is the first thing that a resumed run does.
        """
        run, state, settings = self.run, self.run.state, self.run.settings
        ends = reason_to_stop(settings, state) is not None
        # The last step is validated, too, so that what it has learnt can be the best.
        state.pending = run.validator.validate is not None and (state.pending or ends)
        save |= settings.save_every is not None and state.step % settings.save_every == 0
        logs = state.pending or ends or state.step % settings.log_every == 0
        # Reading a number from a GPU waits for it, so a GPU is only asked where it is read anyway.
        if logs or save or interrupted or run.meter.device.type == "cpu":
            run.expect_finite()
        numbers: dict[str, float] | None = {}
        if state.pending:
            save = True
            numbers = None if interrupted else run.validate()
            interrupted = numbers is None
        if logs and numbers is not None:
            run.log(numbers)
        # Asked again, because the validation may have used up the patience.
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
