"""The closed table of tasks: a name at the edge, the task behind it, loaded when it is asked for."""

import importlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from heedful.errors import UserError, did_you_mean
from heedful.task.base import Predictor, Task
from heedful.task.folder import task_of

_HOMES = {
    "translate": "heedful.task.translate.task:Translate",
    "classify": "heedful.task.classify.task:Classify",
    "pretrain": "heedful.task.pretrain.task:Pretrain",
    "match": "heedful.task.match.task:MatchPairs",
    "parse": "heedful.task.parse.task:ParseTask",
    "chat": "heedful.task.chat.task:Chat",
    "language-model": "heedful.task.language_model.task:LanguageModelling",
}


def task_named(name: str) -> Task:
    """The task of a name.

    Raises: UserError for an unknown name, with the likeliest.
    """
    if name not in _HOMES:
        raise UserError(f"no task is called {name!r}", hint=did_you_mean(name, _HOMES))
    module, _, kind = _HOMES[name].partition(":")
    return cast(Task, getattr(importlib.import_module(module), kind)())


def all_tasks() -> Iterator[Task]:
    """Every task, in the order of the table."""
    return map(task_named, _HOMES)


def load(folder: str | Path, device: str = "cpu", *, settings: Mapping[str, Any] | None = None) -> Predictor:
    """Loads what training or a predictor's `save` has left in a folder, ready to predict.

    `settings` change how it answers: ``{"decode": {"beam": 1}}``. Needs only the core packages.
    Raises: UserError, when the folder or a file in it is missing or damaged.
    """
    return task_named(task_of(Path(folder))).load(Path(folder), device, settings or {})
