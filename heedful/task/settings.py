"""Settings from the user: plain mappings checked against pydantic classes, with errors that name the key.

A wrong setting becomes one `UserError`, which quotes the path of the key ("model.hiden"), the value, what was expected,
and the closest known key.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar, cast, get_args

import yaml
from pydantic import BaseModel, ValidationError

from heedful.errors import UserError, did_you_mean

M = TypeVar("M", bound=BaseModel)


def check_settings(kind: type[M], plain: Mapping[str, Any], *, where: str | None = None, section: str = "") -> M:
    """Makes a settings object from a plain mapping, such as one read from YAML.

    `where` is the file that it came from. `section` is the path of these settings in it, such as "model".
    Raises: UserError, for the first setting that is unknown or has an invalid value.
    """
    try:
        return kind.model_validate(dict(plain))
    except ValidationError as error:
        raise _explain(kind, error, where, section) from None


def join_settings(base: Mapping[str, Any], *layers: Mapping[str, Any]) -> dict[str, Any]:
    """Merges mappings; later ones override earlier ones, and sections are merged key by key."""
    joined = dict(base)
    for layer in layers:
        for key, value in layer.items():
            old = joined.get(key)
            both = isinstance(old, Mapping) and isinstance(value, Mapping)
            joined[key] = join_settings(cast(Any, old), cast(Any, value)) if both else value
    return joined


def parse_settings(assignments: Iterable[str]) -> dict[str, Any]:
    """Settings from words such as ``model.hidden=512`` on the command line; the value is parsed as YAML.

    Raises: UserError, for a word without "=" or a value that is not YAML.
    """
    settings: dict[str, Any] = {}
    for assignment in assignments:
        path, equals, value = assignment.partition("=")
        keys = [key.strip() for key in path.split(".")]
        if not equals or not all(keys):
            raise UserError(f"--set got {assignment!r}", hint="expected section.name=value, as in model.dropout=0.1")
        try:
            content: Any = yaml.safe_load(value)
        except (yaml.YAMLError, ValueError):  # a ValueError is a date that does not exist
            raise UserError(f"--set {path}: {value!r} is not a plain value", hint="quote it, as in 'a: b'") from None
        settings = join_settings(settings, nested(keys, content))
    return settings


def nested(keys: Sequence[str], value: Any) -> dict[str, Any]:
    """The settings with one value at a path of keys: ``model.hidden`` gives ``{"model": {"hidden": value}}``."""
    for key in reversed(keys):
        value = {key: value}
    return value


def _explain(kind: type[BaseModel], error: ValidationError, where: str | None, section: str) -> UserError:
    """The first validation error as a `UserError`."""
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
    """Pydantic's message as the continuation of "but it"."""
    return expected if expected.startswith(("should", "must", "is ")) else f"is not right: {expected}"


def _fields_at(kind: type[BaseModel], keys: list[str]) -> list[str]:
    """The names of the settings in the section that holds the last of `keys`."""
    for key in keys[:-1]:
        field = kind.model_fields.get(key)
        types = [] if field is None else [field.annotation, *get_args(field.annotation)]
        sections = [inner for inner in types if isinstance(inner, type) and issubclass(inner, BaseModel)]
        if not sections:
            return []
        kind = sections[0]
    return list(kind.model_fields)
