"""The user's own code in a run: what builds the model, its scores or its encoder, in place of a name.

A run folder keeps the names of such code and never imports it: who loads the folder gives the code again.
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
"""The user's code by what it stands for: "model", "score", "encoder"."""

EXPECTED = {
    "model": "model=build, where build({sizes}) returns a torch.nn.Module",
    "score": "score=build, where build(query_dim, key_dim) returns a score",
    "encoder": "encoder=build, where build({sizes}) returns an encoder",
}


def custom_code(**given: Build | None) -> Custom:
    """The code that was given.

    Raises: UserError, for what cannot be called.
    """
    code = {what: build for what, build in given.items() if build is not None}
    for what, build in code.items():
        if not callable(build):
            raise UserError(f"{what} is {build!r}", hint=f"expected {_expected(what, {})}")
    return code


def custom_settings(code: Custom) -> dict[str, Any]:
    """The settings that say which code a run is made with."""
    settings: dict[str, Any] = {}
    if code:
        settings["custom"] = {what: name_of(build) for what, build in code.items()}
    if "model" in code:
        settings["model"] = {"name": CUSTOM}
    elif "score" in code:
        settings["model"] = {"attention": {"score": CUSTOM}}
    return settings


def name_of(build: Build) -> str:
    """A class's or function's name with its module, as in "mymodels.build"."""
    module = getattr(build, "__module__", "")
    return f"{module}.{getattr(build, '__qualname__', type(build).__qualname__)}".removeprefix(".")


def check_custom(config: RunConfig, code: Custom, where: str | None = None) -> None:
    """Whether the code that a run was made with is what was given.

    Raises: UserError, when some is missing or there is some that the run does not use.
    """
    for what, name in config.custom.items():
        if what not in code:
            raise UserError(
                f"the {what} of this run is the user's own code, {name}, which a run folder does not hold",
                where=where,
                hint=f"load it from Python and give it: {_expected(what, {})}",
            )
    for what in code:
        if what not in config.custom:
            raise UserError(
                f"{what}= was given, but this run was made without a {what} of the user's own", where=where,
                hint=f"leave out {what}=",
            )  # fmt: skip


def build_model(config: RunConfig, sizes: Mapping[str, Any], code: Custom) -> nn.Module:
    """The model that the settings describe, with fresh weights, in which the user's code stands where it should.

    Raises: UserError, when the code cannot be called so, or returns something else than it should.
    """
    if "model" in code:
        return _call("model", code["model"], sizes, nn.Module)
    settings, family = config.model.settings, config.family
    if "score" in code:
        settings, used = with_score(settings, code["score"])
        if not used:
            raise UserError(
                f"the model {config.model_name!r} has no attention whose score can be chosen",
                hint="choose a model that has one, such as rnnsearch, luong or birnn",
            )
    if "encoder" not in code:
        return family.build(settings, **sizes)
    if family.build_over is None:
        raise UserError(f"the model {config.model_name!r} takes no encoder of the user's own", hint="leave it out")
    encoder = _call("encoder", code["encoder"], sizes, nn.Module)
    return family.build_over(settings, encoder, **sizes)


def with_score(settings: Any, build: Build) -> tuple[Any, bool]:
    """Settings in which every attention with the score "custom" builds it by `build`, and whether there is one."""
    if isinstance(settings, AttentionConfig):
        return (settings.with_score(build), True) if settings.score == CUSTOM else (settings, False)
    changed: dict[str, Any] = {}
    for name in type(settings).model_fields if isinstance(settings, BaseModel) else ():
        value, used = with_score(getattr(settings, name), build)
        changed |= {name: value} if used else {}
    return (settings.model_copy(update=changed), True) if changed else (settings, False)


def _call(what: str, build: Build, sizes: Mapping[str, Any], kind: type) -> Any:
    """What the user's code makes of the sizes.

    Raises: UserError, when it cannot be called with them, or makes something else.
    """
    try:
        inspect.signature(build).bind(**sizes)
    except TypeError as error:
        raise UserError(
            f"{what}: {name_of(build)} cannot be called with {', '.join(sizes)}: {error}",
            hint=f"expected {_expected(what, sizes)}",
        ) from None
    made = build(**sizes)
    if not isinstance(made, kind):
        raise UserError(
            f"{what}: {name_of(build)} returned {type(made).__name__}", hint=f"expected {_expected(what, sizes)}"
        )
    return made


def _expected(what: str, sizes: Mapping[str, Any]) -> str:
    return EXPECTED[what].format(sizes=", ".join(f"{name}=" for name in sizes) or "...")
