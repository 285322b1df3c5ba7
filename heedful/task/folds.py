"""Cross-validation of any task: one run per fold, tested on that fold, and the mean and deviation of the results."""

import json
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import mean, stdev
from typing import Any, cast

from heedful.errors import UserError
from heedful.store import make_folder, write_text_atomically
from heedful.task.base import Shown, Task, Trained
from heedful.task.custom import Custom
from heedful.task.engine import Run, Sets, train
from heedful.task.folder import save_config
from heedful.task.hold_out import deal_folds

FOLDS = "folds.json"


def cross_validate(
    task: Task[Any, Any],
    config: Any,
    sets: Sets,
    *,
    out: Path,
    folds: int,
    resume: bool = False,
    shown: Shown | None = None,
    custom: Custom | None = None,
) -> Trained:
    """Trains one run per fold, in ``out/fold-1`` and so on, and tests it on that fold.

    Some of the training examples of each run are held out for validation, as without folds. The settings are written to
    ``out/config.yaml``, for `resume`, and the numbers of all folds to ``out/folds.json``. Returns the last run and its
    folder, with the mean and standard deviation of each number.
    Raises: UserError, as `train`; for a task whose examples cannot be split into folds; for validation or test files.
    """
    if sets.valid is not None or sets.test is not None:
        raise UserError("--folds makes its own validation and test sets", hint="leave out --valid and --test")
    if not isinstance(sets.train, Sequence):
        raise UserError(f"the task {task.name!r} has one long text, which cannot be dealt into folds")
    examples, shown = cast(Sequence[Any], sets.train), shown or Shown()
    strata = task.strata(task.settle(config, examples), examples)
    fold_of = deal_folds(
        len(examples), folds, config.train.seed, strata=strata, in_order=config.data.folds_in_order
    )  # fmt: skip
    if Run(config, out / "fold-1", resume=resume).leads:
        make_folder(out)
        save_config(config, out)
    rows: list[Mapping[str, float]] = []
    trained: Trained | None = None
    for fold in range(folds):
        shown.say(f"\nfold {fold + 1} of {folds}")
        # An example in fold -1 cannot be tested on, and is trained on in every run.
        learnt, tested = (
            [example for example, number in zip(examples, fold_of, strict=True) if (number == fold) == is_test]
            for is_test in (False, True)
        )
        folder = out / f"fold-{fold + 1}"
        fold_sets = Sets(learnt, test=tested)
        again = resume and folder.exists()
        with _hint_for_folds(fold + 1):
            trained = train(task, config, fold_sets, out=folder, resume=again, shown=shown, custom=custom)
        # Only rank 0 has results to collect; the other processes end with their fold.
        if trained.fit.exit_status or trained.ranks.rank:
            return trained
        rows.append(_numbers(trained.results))
        shown.say("  ".join(f"{name} {value:.4f}" for name, value in rows[-1].items()))
        # Written after each fold, so that results are not lost when a later fold is interrupted.
        write_text_atomically(out / FOLDS, json.dumps({"folds": rows}, indent=1) + "\n")
    assert trained is not None
    summary = _summary(rows)
    write_text_atomically(out / FOLDS, json.dumps({"folds": rows, **summary}, indent=1) + "\n")
    return replace(trained, results={"folds": folds, **summary})


@contextmanager
def _hint_for_folds(fold: int) -> Generator[None]:
    """Replaces the hint to give validation files, which a cross-validation does not take.

    Raises: UserError, as the block does.
    """
    try:
        yield
    except UserError as error:
        if "--valid" not in (error.hint or ""):
            raise
        hint = "make fewer folds, or give more examples"
        raise UserError(f"fold {fold}: {error.message}", where=error.where, hint=hint) from error


def _numbers(results: Mapping[str, Any]) -> dict[str, float]:
    """The test results that can be averaged; speeds and counts are left out."""
    tested = {name.removeprefix("test "): value for name, value in results.items() if name.startswith("test ")}
    return {name: value for name, value in tested.items() if isinstance(value, float) and "_per_second" not in name}


def _summary(rows: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The mean and standard deviation of each number."""
    summary: dict[str, float] = {}
    for name in rows[0]:
        values = [row[name] for row in rows]
        summary |= {f"mean {name}": round(mean(values), 4), f"deviation of {name}": round(stdev(values), 4)}
    return summary
