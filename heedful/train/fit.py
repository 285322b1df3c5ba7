"""`fit`: trains a model on a stream of batches and keeps the run in a folder."""

import signal
from collections.abc import Sized
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from torch import nn

from heedful.errors import UserError
from heedful.machine import choose_precision, keep_large_buffers
from heedful.store import load_module
from heedful.train.batch_iterator import BatchIterator, Stream
from heedful.train.checkpoint import METRICS, MODEL, TRAINING, Checkpoint, load_training, load_weights
from heedful.train.loggers import RunLogger
from heedful.train.meter import Meter
from heedful.train.metrics import MetricsFile
from heedful.train.progress import ProgressBar
from heedful.train.ranks import RankFailed, Ranks
from heedful.train.run import TrainingRun
from heedful.train.schedule import make_rates
from heedful.train.settings import TrainSettings
from heedful.train.signals import Abandoned, Signals
from heedful.train.state import RunState
from heedful.train.trainer import make_trainer, quiet_lightning
from heedful.train.validator import Validate, Validator, Watch

if TYPE_CHECKING:
    from lightning.pytorch import Trainer


@dataclass(frozen=True)
class FitResult:
    """The outcome of a run.

    `best` is the validation metric of the kept weights, None without validation; `kept` names the step or average that
    they come from. `steps`, `seconds` and `tokens_per_second` (target tokens, without validation) include the parts of
    the run before an interruption. `stopped` is the limit that ended the run (epochs, steps, minutes, patience) or
    "interrupted". `exit_status` is 0; on rank 0 of an interrupted run it is 128 plus the number of the signal. The
    other ranks return 0 even then, because launchers report any other status as a failure.
    """

    best: float | None
    kept: str
    steps: int
    seconds: float
    tokens_per_second: float
    stopped: str
    exit_status: int


def fit(
    model: nn.Module,
    stream: Stream,
    *,
    settings: TrainSettings,
    folder: Path,
    validate: Validate | None = None,
    watch: Watch | None = None,
    resume: bool = False,
) -> FitResult:
    """Trains a model with `loss(batch) -> TokenLoss` until a limit of the settings is reached or a signal arrives.

    The folder receives `model.safetensors` (the best weights by `settings.metric`; without validation the last ones),
    `metrics.jsonl`, `training.safetensors` and `checkpoints/`. With `resume`, a run killed at any moment continues with
    the same batches and the same numbers; if nothing was saved yet, it starts from the beginning.

    `validate` runs on rank 0 only, with the model in evaluation mode and without gradients. Random numbers drawn there
    do not change the training. Afterwards the model holds the kept weights, or the last ones if the run was
    interrupted. With several nodes the folder must be on a shared file system. The stream must be made for this
    process: see `init_ranks`.

    Raises: UserError, when the folder holds another run, a file cannot be read or written, the loss is not finite,
        there are no batches, or validation does not return the metric; ValueError, when `tokens_total` of the batches
        is wrong; KeyboardInterrupt, at a second Ctrl-C; SystemExit(0), on the other ranks when rank 0 has failed.
    """
    keep_large_buffers()
    # Before the trainer, whose DDP takes the weights as they are when training starts.
    saved = _open(model, stream, folder, resume=resume)
    trainer = make_trainer(settings.devices)
    ranks = Ranks(trainer.global_rank, trainer.world_size)
    bar = ProgressBar(settings, shown=ranks.rank == 0, counted=getattr(stream, "counted", "tokens"))
    with Signals(shown=ranks.rank == 0) as signals, bar, quiet_lightning():
        run = TrainingRun(
            model=model.train(),
            settings=settings,
            state=RunState() if saved is None else saved.state,
            folder=folder,
            ranks=ranks,
            validator=Validator(validate, watch, settings=settings, folder=folder),
            signals=signals,
            meter=Meter(trainer.strategy.root_device),
            metrics=MetricsFile(folder / METRICS, RunLogger(settings, folder, leads=ranks.rank == 0)),
            rate=make_rates(settings, len(stream) if isinstance(stream, Sized) else None),
            bar=bar,
            saved=saved,
        )
        result = _result(run, *_train(trainer, run, stream))
        if ranks.rank == 0 and run.metrics.logger is not None:
            run.metrics.logger.close("success" if result.exit_status == 0 else "aborted")
        return result


def _train(trainer: "Trainer", run: TrainingRun, stream: Stream) -> tuple[str, float]:
    """Runs the steps; returns why they ended, and the seconds that the run has taken in all."""
    from lightning.pytorch.utilities.exceptions import SIGTERMException

    from heedful.train.callback import TrainingCallback
    from heedful.train.module import TrainingModule

    dtype = choose_precision(run.settings.precision, run.meter.device)
    module = TrainingModule(run.model, run.settings, run.state, meter=run.meter, rate=run.rate, dtype=dtype)
    batches = BatchIterator(stream, run.ranks, done=run.state.epochs_done, epochs=run.settings.epochs)
    callback = TrainingCallback(run)
    trainer.callbacks.append(callback)  # pyright: ignore[reportAttributeAccessIssue]
    try:
        # A SIGTERM during set-up meets Lightning's handler, because ours is installed when training starts.
        with suppress(SIGTERMException):
            trainer.fit(module, batches)
    except Abandoned:
        raise KeyboardInterrupt from None
    except RankFailed:
        # With any other status Lightning would kill rank 0 before it has printed its error.
        raise SystemExit(0) from None
    if callback.stopped not in (None, "interrupted") and (run.folder / MODEL).exists():
        load_module(run.model, run.folder / MODEL)
    return callback.stopped or "interrupted", callback.seconds()


def _result(run: TrainingRun, stopped: str, seconds: float) -> FitResult:
    state, cut = run.state, stopped == "interrupted" and run.ranks.rank == 0
    return FitResult(
        best=state.best,
        kept=state.kept or f"step {state.step}",
        steps=state.step,
        seconds=seconds,
        # A run without a step has taken no time.
        tokens_per_second=state.tokens / max(state.training_seconds, 1e-9),
        stopped=stopped,
        # A SIGTERM during set-up met the handler of Lightning, and was not received by ours.
        exit_status=128 + (run.signals.received or signal.SIGTERM) if cut else 0,
    )


def _open(model: nn.Module, stream: Stream, folder: Path, *, resume: bool) -> Checkpoint | None:
    """Loads weights and stream position from the folder, if it holds a run that is to be resumed."""
    if not isinstance(stream, Stream):
        raise TypeError(
            f"{type(stream).__name__} is no stream of batches: it needs __iter__, state_dict and load_state_dict"
        )
    if not (folder / TRAINING).exists():
        return None
    if not resume:
        raise UserError(
            "this folder holds a run already", where=str(folder), hint="resume it, or choose another folder"
        )
    saved = load_training(folder)
    load_weights(model, saved, folder)
    if saved.state.position is not None:
        stream.load_state_dict(saved.state.position)
    return saved
