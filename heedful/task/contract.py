"""Checks that a task, predictor or model of the user's has what the engine calls, with errors that name the method."""

import inspect
from collections.abc import Mapping
from typing import Any, TypeVar

from torch import nn

from heedful.errors import UserError
from heedful.task.base import Parts, Predictor, Prepared, Task
from heedful.task.config import RunConfig

T = TypeVar("T")


def check_task(task: Any) -> "Task[Any, Any]":
    """Checks a task, or a class of tasks, of which it makes an instance; returns the task.

    Raises: UserError, which names what is missing and what was expected.
    """
    kind: Any = task if isinstance(task, type) else type(task)
    if not issubclass(kind, Task):
        raise UserError(
            f"{kind.__name__} is no task",
            hint="expected a name, or a subclass of heedful.task.base.Task or an instance of one",
        )
    missing = sorted(kind.__abstractmethods__)
    if missing:
        raise UserError(
            f"the task {kind.__name__} lacks the method {missing[0]}", hint=f"missing are {', '.join(missing)}; see"
            " heedful.task.base.Task",
        )  # fmt: skip
    for name, expected in _ATTRIBUTES.items():
        if not hasattr(kind, name):
            raise UserError(f"the task {kind.__name__} lacks {name}", hint=f"expected {expected}")
    config: Any = kind.config
    if not (isinstance(config, type) and issubclass(config, RunConfig)):
        raise UserError(f"the task {kind.__name__} has config {config!r}", hint=f"expected {_ATTRIBUTES['config']}")
    if not isinstance(config.model_fields["task"].default, str) or not hasattr(config, "models"):
        raise UserError(f"{config.__name__} lacks models, or a field task with a default", hint=_ATTRIBUTES["config"])
    for method, arguments in _CALLS.items():
        _check_call(kind, method, arguments)
    _check_predictor_class(kind.predictor)
    return kind() if isinstance(task, type) else task


_CALLS = {
    "answer": ("predictor", "questions", "*", "first", "maps", "every", "options"),
    "show": ("predictor", "texts", "*", "every", "options"),
}
"""The methods of a task that have arguments by name, and all arguments that they are called with."""


def _check_call(kind: type[Any], method: str, arguments: tuple[str, ...]) -> None:
    """Checks that a method can be called with these arguments; those after "*" are passed by name.

    Raises: UserError, which names the method and the arguments.
    """
    by_position, by_name = arguments[: (star := arguments.index("*"))], arguments[star + 1 :]
    # Bound without being called, with an argument for `self`.
    try:
        inspect.signature(getattr(kind, method)).bind(None, *by_position, **dict.fromkeys(by_name))
    except TypeError as error:
        raise UserError(
            f"{kind.__name__}.{method} cannot be called with all of its arguments: {error}",
            hint=f"expected def {method}(self, {', '.join(arguments)})",
        ) from None


def _check_predictor_class(kind: Any) -> None:
    """Checks that a task's predictor class can be instantiated and has `predict`."""
    name = getattr(kind, "__name__", repr(kind))
    missing = sorted(getattr(kind, "__abstractmethods__", ()))
    if missing:
        raise UserError(
            f"the predictor {name} lacks the method {missing[0]}", hint=f"expected {_ATTRIBUTES['predictor']}"
        )
    # Bound without being called: a wrong signature is reported before training, and without side effects.
    try:
        inspect.signature(kind).bind(None, None, None, task=None)
    except TypeError as error:
        raise UserError(
            f"the predictor {name} cannot be called with config, model, parts, task=: {error}",
            hint=f"expected {_ATTRIBUTES['predictor']}",
        ) from None


_ATTRIBUTES = {
    "summary": "a line that describes the task",
    "files": "a short description of its data files",
    "config": 'a subclass of heedful.task.config.RunConfig with `models` and `task: Literal["NAME"] = "NAME"`',
    "predictor": "a subclass of heedful.task.base.Predictor with a method predict",
    "usage": "a heedful.task.base.Usage",
}


def check_parts(task: "Task[Any, Any]", parts: Any) -> Parts:
    """Checks the parts that a task learned or loaded; returns them.

    Raises: UserError, when they cannot be saved.
    """
    if not isinstance(parts, Mapping):
        raise _wrong(task, "learn", parts, 'a mapping of parts by name, such as {"text": tokeniser}')
    for name, part in parts.items():
        if not callable(getattr(part, "save", None)):
            raise _wrong(task, "learn", part, f"parts with save(folder, name); {name!r} has none")
    return parts


def check_model(task: "Task[Any, Any]", model: nn.Module) -> None:
    """Checks that a model has the methods that training and the task's predictor call.

    Raises: UserError, which names the missing method.
    """
    for method, expected in ({"loss": "loss(batch) -> TokenLoss"} | dict(task.model_methods)).items():
        if not callable(getattr(model, method, None)):
            raise UserError(
                f"the model {type(model).__name__} lacks the method {method}",
                hint=f"the task {task.name!r} needs {expected}",
            )


def check_prepared(task: "Task[Any, Any]", prepared: Any) -> Prepared[Any]:
    """Checks what `Task.prepare` returned; returns it."""
    if not isinstance(prepared, Prepared):
        raise _wrong(task, "prepare", prepared, "a heedful.task.base.Prepared")
    for method in ("plan", "collate"):
        if not callable(getattr(prepared.train, method, None)):
            raise _wrong(task, "prepare", prepared.train, f"train examples with {method}, such as Bucketed")
    return prepared


def check_measured(task: "Task[Any, Any]", numbers: Any) -> Mapping[str, float]:
    """Checks what `Task.measure` returned; returns it."""
    if not isinstance(numbers, Mapping) or not all(isinstance(value, int | float) for value in numbers.values()):
        raise _wrong(task, "measure", numbers, 'numbers by name, such as {"accuracy": 0.5}')
    return numbers


def check_predictor(predictor: Any) -> "Predictor[Any]":
    """Checks the predictor passed to `heedful.evaluate` or `heedful.show`; returns it.

    Raises: UserError, for anything else.
    """
    if not isinstance(predictor, Predictor):
        raise UserError(
            f"{type(predictor).__name__} is no trained model", hint="pass what heedful.load(folder) returns"
        )
    return predictor


def _wrong(task: "Task[Any, Any]", method: str, returned: Any, expected: str) -> UserError:
    return UserError(f"{type(task).__name__}.{method} returned {type(returned).__name__}", hint=f"expected {expected}")
