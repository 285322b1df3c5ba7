"""The commands as functions: what `heedful train`, `eval` and `show` do, from Python."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from heedful.task.base import Answer, Predictor, Shown, Task, Trained
from heedful.task.config import RunConfig, make_settings, read_settings
from heedful.task.folder import CONFIG
from heedful.task.options import check_options
from heedful.task.tasks import task_named

Files = str | Path | Sequence[str | Path]
"""One file or folder, or several."""

_SETTINGS = {"vectors": "data", "start": None}
"""Options of training that are settings too, and the section that they stand in."""


def fit(  # noqa: PLR0913 - the options of a command, all by name
    task: str,
    train: Files = (),
    *,
    valid: Files = (),
    test: Files = (),
    model: str | None = None,
    settings: Mapping[str, Any] | None = None,
    config: str | Path | None = None,
    out: str | Path | None = None,
    resume: bool = False,
    shown: Shown | None = None,
    **options: Any,
) -> Trained:
    """Trains a model on files and leaves a run folder, as ``heedful train TASK`` does.

    `settings` are those of ``--set``, as ``{"train": {"epochs": 3}}``, and win over those of the YAML file `config`;
    `out` is the run folder (``runs/TASK-MODEL`` if not given), `options` are the task's own, such as ``folds=10``.
    The result has the `predictor`, the `results` on the test files, and the `folder`. After a Ctrl-C its
    `fit.exit_status` is not 0, and `resume` goes on. Lines that a person may want to read go to standard error, or
    where `shown` says.

    Raises: UserError, for an unknown task, model, setting or option, a file that cannot be used, or a folder that
        holds a run where `resume` is not asked for.
    """
    kind = task_named(task)
    options = check_options(kind, "train", options)
    files = {name: _names(given) for name, given in (("train", train), ("valid", valid), ("test", test)) if given}
    given: dict[str, Any] = {"data": files, "model": {"name": model} if model else {}}
    for name, section in _SETTINGS.items():
        if name in options:
            (given[section] if section else given)[name] = str(options[name])
    layers = [read_settings(Path(config), kind.name)] if config else []
    chosen, folder = _settings(kind, [*layers, given, settings or {}], out=out, resume=resume, where=config)
    shown = shown or Shown(say=lambda line: print(line, file=sys.stderr))
    trained = kind.train(chosen, folder, resume=resume, shown=shown, options=options)
    return replace(trained, folder=trained.folder or folder)


def evaluate(predictor: Predictor, files: Files, **options: Any) -> dict[str, Any]:
    """Answers the questions of files and scores the answers, as ``heedful eval`` does.

    Returns: numbers by name: see docs/train.md for each task's.
    Raises: UserError, when a file cannot be used, or for an option that the task does not know.
    """
    kind = _task_of(predictor)
    options = check_options(kind, "eval", options)
    return kind.evaluate(predictor, [Path(name) for name in _names(files)], options=options)


def show(predictor: Predictor, *texts: str, every: bool = False, **options: Any) -> list[Answer]:
    """Answers one question with where the model looked, as ``heedful show`` does.

    `every` gives all layers and heads.
    Returns: answers with `text` and `maps`, each with `weights`, `rows` and `columns`, that `heedful.watch` draws.
    Raises: UserError, when the texts are no question of the task, or for an option that it does not know.
    """
    kind = _task_of(predictor)
    options = check_options(kind, "show", options)
    return kind.show(predictor, texts, every=every, options=options)


def _task_of(predictor: Predictor) -> Task:
    return task_named(str(predictor.config.model_dump()["task"]))


def _names(files: Files) -> list[str]:
    return [str(files)] if isinstance(files, str | Path) else [str(name) for name in files]


def _settings(
    task: Task,
    layers: Sequence[Mapping[str, Any]],
    *,
    out: str | Path | None,
    resume: bool,
    where: str | Path | None,
) -> tuple[RunConfig, Path]:
    """All layers of settings in one, below them those of a run that goes on, and the run folder."""
    found = make_settings(task.config, *layers, where=str(where) if where else None)
    folder = Path(out or Path("runs") / f"{task.name}-{found.model_name}")
    if resume and (folder / CONFIG).exists():
        layers = [read_settings(folder / CONFIG, task.name), *layers]
    return make_settings(task.config, *layers, where=str(where or folder / CONFIG)), folder
