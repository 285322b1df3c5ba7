"""The steps that training has in common, whatever the task: a free folder, batches in order, the numbers of a run."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from heedful.data.bucket import BatchPlan
from heedful.errors import UserError
from heedful.task.config import RunConfig
from heedful.task.folder import WEIGHTS
from heedful.train import TRAINING, FitResult, Ranks, place


def open_run(config: RunConfig, out: Path, *, resume: bool) -> Ranks:
    """Which process this is; looks whether the folder may be used.

    Raises: UserError, when it holds a run and `resume` is not asked for.
    """
    ranks = place(config.train.devices)
    if ranks.rank == 0 and not resume and ((out / TRAINING).exists() or (out / WEIGHTS).exists()):
        raise UserError(
            "this folder holds a run already",
            where=str(out),
            hint="go on with it by --resume, or choose another folder with --out",
        )
    return ranks


def plan_batches(lengths: Sequence[tuple[int, ...]], config: RunConfig, ranks: Ranks) -> BatchPlan:
    """The batches of a run, for this process."""
    train = config.train
    return BatchPlan(lengths, tokens=train.tokens, seed=train.seed, rank=ranks.rank, world=ranks.world)


def run_numbers(config: RunConfig, fit: FitResult) -> dict[str, Any]:
    """How a run went, as its results begin."""
    numbers: dict[str, Any] = {f"best {config.train.metric}": fit.best, "weights": fit.kept}
    return numbers | {"steps": fit.steps, "minutes": fit.seconds / 60}


def of_test(results: Mapping[str, Any]) -> dict[str, Any]:
    """Results on the test set, named as such."""
    return {f"test {name}": value for name, value in results.items()}
