"""The one door to training: a model, a stream of batches, settings and a folder."""

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
    """What became of a run.

    `best` is the metric of the weights kept (None without validation), and `kept` says which these are. `steps`,
    `seconds` and `tokens_per_second` (target tokens, while training, validation left out) count over interruptions.
    `stopped` is the limit that ended it (epochs, steps, minutes, patience) or "interrupted". `exit_status` is 0, or
    128 and the signal's number on rank 0 of an interrupted run; other ranks end with 0, which no launcher takes amiss.
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
    """Trains a model with `loss(batch) -> TokenLoss` until a limit of the settings, or a signal.

    The folder receives `model.safetensors` (the weights best by `settings.metric`, the last ones without
    validation), `metrics.jsonl`, `training.safetensors` and `checkpoints/`, from which `resume` continues after a kill
    at any moment with the same batches and the same numbers; where nothing was saved yet it begins. Validation sees
    the model in evaluation mode, without gradients, on rank 0 only; random numbers drawn there change nothing.
    The model holds the kept weights in the end, or the last ones when interrupted. On several nodes the folder must
    be shared. The stream must be made for this rank: see `init_ranks`.

    Raises: UserError, when the folder holds another run, a file cannot be read or written, the loss is not finite, or
        there are no batches, or validation lacks the metric; ValueError, when batches miscount their tokens;
        KeyboardInterrupt, at a second Ctrl-C; SystemExit(0), on other ranks than 0, when rank 0 has failed.
    """
    keep_large_buffers()
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
            metrics=MetricsFile(folder / METRICS),
            rate=make_rates(settings, len(stream) if isinstance(stream, Sized) else None),
            bar=bar,
            saved=saved,
        )
        return _result(run, *_train(trainer, run, stream))


def _train(trainer: "Trainer", run: TrainingRun, stream: Stream) -> tuple[str, float]:
    """Lets Lightning run the steps; returns why they ended, and after how many seconds."""
    from lightning.pytorch.utilities.exceptions import SIGTERMException

    from heedful.train.callback import TrainingCallback
    from heedful.train.module import TrainingModule

    dtype = choose_precision(run.settings.precision, run.meter.device)
    module = TrainingModule(run.model, run.settings, run.state, meter=run.meter, rate=run.rate, dtype=dtype)
    batches = BatchIterator(stream, run.ranks, done=run.state.epochs_done, epochs=run.settings.epochs)
    callback = TrainingCallback(run)
    trainer.callbacks.append(callback)  # pyright: ignore[reportAttributeAccessIssue]
    try:
        with suppress(SIGTERMException):  # where Lightning's handler met the signal before ours was in place
            trainer.fit(module, batches)
    except Abandoned:
        raise KeyboardInterrupt from None
    except RankFailed:
        raise SystemExit(0) from None  # any other status and Lightning would kill rank 0 before it has spoken
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
        tokens_per_second=state.tokens / max(state.training_seconds, 1e-9),
        stopped=stopped,
        exit_status=128 + (run.signals.received or signal.SIGTERM) if cut else 0,
    )


def _open(model: nn.Module, stream: Stream, folder: Path, *, resume: bool) -> Checkpoint | None:
    """Brings model and stream to where the folder's run stands, if there is one and it is wanted."""
    if not isinstance(stream, Stream):
        raise TypeError(
            f"a stream needs __iter__, state_dict and load_state_dict, and {type(stream).__name__} lacks some"
        )
    if not (folder / TRAINING).exists():
        return None
    if not resume:
        raise UserError(
            "this folder holds a run already", where=str(folder), hint="resume it, or choose or empty another folder"
        )
    saved = load_training(folder)
    load_weights(model, saved, folder)
    if saved.state.position is not None:
        stream.load_state_dict(saved.state.position)
    return saved
