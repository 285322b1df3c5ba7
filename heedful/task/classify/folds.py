"""Cross-validation: a run for each fold, tested on what it has not seen, and their mean and spread."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np

from heedful.data.labelled import Labelled
from heedful.errors import UserError
from heedful.store import write_text_atomically
from heedful.task.base import Shown, Trained
from heedful.task.classify.config import ClassifyConfig
from heedful.task.classify.fit import Texts, train_classifier
from heedful.task.folder import save_config
from heedful.task.run import Course

FOLDS = "folds.json"
_SUMMED = ("accuracy", "macro_f1", "loss", "calibration_error")


def fold_of(texts: Sequence[Labelled], count: int, *, seed: int, in_order: bool) -> list[int]:
    """The fold that tests each text: every class is dealt out evenly, drawn by the seed.

    With `in_order` a class is cut into `count` runs of texts as they stand in the files, as sets do whose folds are
    told by file names. Raises: UserError, for fewer than two folds, or more than there are texts of a class.
    """
    by_label: dict[str, list[int]] = {}
    for index, one in enumerate(texts):
        by_label.setdefault(one.label, []).append(index)
    least = min(by_label, key=lambda label: len(by_label[label]))
    if count < 2 or count > len(by_label[least]):
        raise UserError(
            f"{count} folds of texts of which {len(by_label[least])} have the label {least!r}",
            hint="expected 2 folds or more, and no more than texts of the rarest class",
        )
    random = np.random.default_rng(seed)
    folds = [0] * len(texts)
    for _, rows in sorted(by_label.items()):
        order = range(len(rows)) if in_order else random.permutation(len(rows)).tolist()
        for place, row in enumerate(order):
            folds[rows[row]] = place * count // len(rows)
    return folds


def train_folds(
    config: ClassifyConfig, texts: Sequence[Labelled], out: Path, *, count: int, resume: bool, shown: Shown
) -> Trained:
    """Trains on all folds but one, for each in turn, in ``out/fold-1`` and so on, and tests on that one.

    Of the training texts some are held out for validation, as without folds. Writes the settings to
    ``out/config.yaml``, for `resume`, and the numbers of all folds to ``out/folds.json``; returns the last run and its
    folder, with the mean and standard deviation of each number.
    Raises: UserError, as `train_classifier`.
    """
    folds = fold_of(texts, count, seed=config.train.seed, in_order=config.data.folds_in_order)
    if Course(config, out / "fold-1", resume=resume).leads:
        out.mkdir(parents=True, exist_ok=True)
        save_config(config, out)
    rows: list[Mapping[str, Any]] = []
    trained: Trained | None = None
    for fold in range(count):
        shown.say(f"\nfold {fold + 1} of {count}")
        own = Texts(
            [one for one, its in zip(texts, folds, strict=True) if its != fold],
            test=[one for one, its in zip(texts, folds, strict=True) if its == fold],
        )
        again = resume and (out / f"fold-{fold + 1}").exists()
        trained = train_classifier(config, own, out / f"fold-{fold + 1}", resume=again, shown=shown)
        if trained.fit.exit_status or trained.ranks.rank:
            return trained
        rows.append({name: trained.results[f"test {name}"] for name in _SUMMED})
        shown.say("  ".join(f"{name} {value:.4f}" for name, value in rows[-1].items()))
        write_text_atomically(out / FOLDS, json.dumps({"folds": rows}, indent=1) + "\n")
    assert trained is not None
    results: dict[str, Any] = {}
    for name in _SUMMED:
        values = [row[name] for row in rows]
        results |= {f"mean {name}": round(mean(values), 4), f"deviation of {name}": round(stdev(values), 4)}
    write_text_atomically(out / FOLDS, json.dumps({"folds": rows, **results}, indent=1) + "\n")
    return replace(trained, results={"folds": count, **results}, folder=out / f"fold-{count}")
