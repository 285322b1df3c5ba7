"""The user's own code in a run: functions that build the model, its scores or its encoder.

A run folder keeps the names of these functions but never imports them. Whoever loads the folder passes them again.
"""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel
from torch import nn

from heedful.errors import UserError
from heedful.model.attention_config import AttentionConfig
from heedful.task.config import RunConfig
from heedful.task.models import CUSTOM

Build = Callable[..., Any]

Custom = Mapping[str, Build]
"""The user's functions by what they build: "model", "score", "encoder"."""

EXPECTED = {
    "model": "model=build, where build({sizes}) returns a torch.nn.Module",
    "score": "score=build, where build(query_dim, key_dim) returns a score",
    "encoder": "encoder=build, where build({sizes}) returns an encoder",
}


def custom_code(**builders: Build | None) -> Custom:
    """The functions that are not None, by what they build.

    Raises: UserError, for one that cannot be called.
    """
    code = {what: build for what, build in builders.items() if build is not None}
    for what, build in code.items():
        if not callable(build):
            raise UserError(f"{what} is {build!r}", hint=f"expected {_expected(what, {})}")
    return code


def custom_settings(code: Custom) -> dict[str, Any]:
    """The settings that record which custom code a run uses; those of a score depend on the model, see `fit`."""
    settings: dict[str, Any] = {}
    if code:
        settings["custom"] = {what: name_of(build) for what, build in code.items()}
    if "model" in code:
        settings["model"] = {"name": CUSTOM}
    return settings


def name_of(build: Build) -> str:
    """The qualified name of a class or function, as in "mymodels.build"."""
    module = getattr(build, "__module__", "")
    return f"{module}.{getattr(build, '__qualname__', type(build).__qualname__)}".removeprefix(".")


def check_custom(config: RunConfig, code: Custom, where: str | None = None) -> None:
    """Checks that the code passed is the code that the run needs.

    Raises: UserError, when something is missing, or was passed but is not used by the run.
    """
    for what, name in config.custom.items():
        if what not in code:
            raise UserError(
                f"the {what} of this run is the user's own code, {name}, which a run folder does not hold",
                where=where,
                hint=f"load it from Python and pass it: {_expected(what, {})}",
            )
    for what in code:
        if what not in config.custom:
            raise UserError(
                f"{what}= was given, but this run was made without a {what} of the user's own", where=where,
                hint=f"leave out {what}=",
            )  # fmt: skip


def build_model(config: RunConfig, sizes: Mapping[str, Any], code: Custom) -> nn.Module:
    """Builds the model that the settings describe, with new weights, using the user's code for its parts.

    Raises: UserError, when that code cannot be called with the expected arguments or returns the wrong type.
    """
    if "model" in code:
        return _call("model", code["model"], sizes, nn.Module)
    settings, family, scores = config.model.settings, config.family, []
    if "score" in code:
        settings = with_score(settings, _checked_score(code["score"], scores))
    if "encoder" not in code:
        model = family.build(settings, **sizes)
    elif family.build_over is None:
        raise UserError(f"the model {config.model_name!r} takes no encoder of the user's own", hint="leave it out")
    else:
        model = family.build_over(settings, _call("encoder", code["encoder"], sizes, nn.Module), **sizes)
    # Counted after building: a model may have settings for an attention that it never builds.
    if "score" in code and not scores:
        raise UserError(
            f"the model {config.model_name!r} has no attention whose score can be chosen",
            hint="choose a model that has one, such as rnnsearch, luong or birnn",
        )
    return model


def _checked_score(build: Build, scores: list[Any]) -> Build:
    """Wraps the user's builder of scores with checks; each score that it builds is also appended to `scores`."""

    def build_score(query_dim: int, key_dim: int) -> Any:
        try:
            inspect.signature(build).bind(query_dim, key_dim)
        except TypeError as error:
            raise _not_callable("score", build, "query_dim, key_dim", error, {}) from None
        scores.append(build(query_dim, key_dim))
        if not callable(scores[-1]):
            raise UserError(
                f"score: {name_of(build)} returned {type(scores[-1]).__name__}",
                hint="expected a Score, or a function from query and key to scores [*B, T, S]",
            )
        return scores[-1]

    return build_score


def with_score(settings: Any, build: Build) -> Any:
    """Settings in which every attention whose score is "custom" builds it with `build`."""
    if isinstance(settings, AttentionConfig):
        return settings.with_score(build) if settings.score == CUSTOM else settings
    if not isinstance(settings, BaseModel):
        return settings
    fields = {name: getattr(settings, name) for name in type(settings).model_fields}
    changed = {name: with_score(value, build) for name, value in fields.items()}
    return settings.model_copy(update={name: value for name, value in changed.items() if value is not fields[name]})


def _call(what: str, build: Build, sizes: Mapping[str, Any], kind: type) -> Any:
    """Calls the user's code with the sizes; returns what it builds.

    Raises: UserError, when it does not accept these arguments or returns something other than a `kind`.
    """
    # Checked by signature first, so that a TypeError from inside the user's code keeps its own traceback.
    try:
        inspect.signature(build).bind(**sizes)
    except TypeError as error:
        raise _not_callable(what, build, ", ".join(sizes), error, sizes) from None
    built = build(**sizes)
    if not isinstance(built, kind):
        raise UserError(
            f"{what}: {name_of(build)} returned {type(built).__name__}", hint=f"expected {_expected(what, sizes)}"
        )
    return built


def _not_callable(what: str, build: Build, arguments: str, error: TypeError, sizes: Mapping[str, Any]) -> UserError:
    return UserError(
        f"{what}: {name_of(build)} cannot be called with {arguments}: {error}",
        hint=f"expected {_expected(what, sizes)}",
    )


def _expected(what: str, sizes: Mapping[str, Any]) -> str:
    return EXPECTED[what].format(sizes=", ".join(f"{name}=" for name in sizes) or "...")
