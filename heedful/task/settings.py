"""Settings from the user: plain mappings checked against pydantic classes, with errors that name the key.

A wrong setting becomes one `UserError` that quotes the path of the key ("model.hiden"), what was given, what was
expected, and the likeliest right key.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar, cast, get_args

import yaml
from pydantic import BaseModel, ValidationError

from heedful.errors import UserError, did_you_mean

M = TypeVar("M", bound=BaseModel)


def check_settings(kind: type[M], given: Mapping[str, Any], *, where: str | None = None, section: str = "") -> M:
    """Makes a settings object of a plain mapping, such as YAML gives.

    `where` is the file it came from, `section` the path of these settings in it ("model").
    Raises: UserError for the first setting that is unknown or has a wrong value.
    """
    try:
        return kind.model_validate(dict(given))
    except ValidationError as error:
        raise _explain(kind, error, where, section) from None


def join_settings(base: Mapping[str, Any], *others: Mapping[str, Any]) -> dict[str, Any]:
    """One mapping of several, the later ones winning; sections are joined key by key."""
    joined = dict(base)
    for other in others:
        for key, value in other.items():
            old = joined.get(key)
            both = isinstance(old, Mapping) and isinstance(value, Mapping)
            joined[key] = join_settings(cast(Any, old), cast(Any, value)) if both else value
    return joined


def parse_settings(assignments: Iterable[str]) -> dict[str, Any]:
    """Settings of words like ``model.hidden=512``, as the command line gives them; the value is read as YAML.

    Raises: UserError for a word without "=" or a value that is not YAML.
    """
    settings: dict[str, Any] = {}
    for assignment in assignments:
        path, equals, value = assignment.partition("=")
        keys = [key.strip() for key in path.split(".")]
        if not equals or not all(keys):
            raise UserError(f"--set got {assignment!r}", hint="expected section.name=value, as in model.dropout=0.1")
        try:
            content: Any = yaml.safe_load(value)
        except yaml.YAMLError:
            raise UserError(f"--set {path}: {value!r} is not a plain value", hint="quote it, as in 'a: b'") from None
        settings = join_settings(settings, nested(keys, content))
    return settings


def nested(keys: Sequence[str], value: Any) -> dict[str, Any]:
    """The settings in which a value stands behind some keys: ``model.hidden`` as ``{"model": {"hidden": value}}``."""
    for key in reversed(keys):
        value = {key: value}
    return value


def _explain(kind: type[BaseModel], error: ValidationError, where: str | None, section: str) -> UserError:
    """The first fault, in our words."""
    fault = error.errors(include_url=False)[0]
    keys = [str(key) for key in fault["loc"]]
    path = ".".join([*([section] if section else []), *keys])
    if fault["type"] == "extra_forbidden":
        return UserError(f"unknown setting {path!r}", where=where, hint=did_you_mean(keys[-1], _fields_at(kind, keys)))
    if fault["type"] == "missing":
        return UserError(f"the setting {path!r} is missing", where=where, hint=fault["msg"])
    expected = fault["msg"].removeprefix("Input ").removeprefix("Value error, ")
    if isinstance(fault["input"], BaseModel | Mapping) and fault["type"] == "value_error":
        return UserError(f"the settings {path!r} do not fit together: {expected}", where=where)
    hint = None
    if fault["type"] == "literal_error":
        hint = did_you_mean(str(fault["input"]), re.findall(r"'([^']+)'", expected))
    return UserError(
        f"the setting {path!r} is {fault['input']!r}, but it {_sentence(expected)}", where=where, hint=hint
    )


def _sentence(expected: str) -> str:
    """What pydantic says, to go on after "but it"."""
    return expected if expected.startswith(("should", "must", "is ")) else f"is not right: {expected}"


def _fields_at(kind: type[BaseModel], keys: list[str]) -> list[str]:
    """The names of the settings beside the last of `keys`."""
    for key in keys[:-1]:
        field = kind.model_fields.get(key)
        inner = [] if field is None else [field.annotation, *get_args(field.annotation)]
        found = [option for option in inner if isinstance(option, type) and issubclass(option, BaseModel)]
        if not found:
            return []
        kind = found[0]
    return list(kind.model_fields)
