"""Axes as plain values that JSON keeps: words as a list, any other axis as its name and fields."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, cast

from heedful.axes import Axis, Cells, Grid, Lines, Seconds, Slots, Words
from heedful.errors import UserError, did_you_mean

_KINDS: Mapping[str, type[Axis]] = {kind.__name__: kind for kind in (Cells, Grid, Lines, Seconds, Slots)}


def axis_to_json(axis: Axis) -> Any:
    """``["a", "dog"]`` for words, ``{"axis": "Seconds", "start": 0.0, ...}`` for others.

    The pixels of a grid are left out, and an axis of a user's own class becomes its labels.
    """
    if type(axis) not in _KINDS.values():
        return list(axis.labels)
    # Only the pixels of a grid take no part in comparing.
    values = {field.name: getattr(axis, field.name) for field in fields(axis) if field.compare}  # pyright: ignore
    return {"axis": type(axis).__name__} | values


def axis_from_json(value: Any, *, where: str) -> Axis:
    """The axis that `axis_to_json` wrote.

    Raises: UserError, when it is no axis; the message begins with `where`.
    """
    if isinstance(value, list):
        return Words([str(name) for name in value])
    described = cast(Mapping[str, Any], value) if isinstance(value, Mapping) else {}
    name = str(described.get("axis"))
    if name not in _KINDS:
        raise UserError(f"no axis is called {name!r}", where=where, hint=did_you_mean(name, _KINDS))
    arguments = {key: _hashable(part) for key, part in described.items() if key != "axis"}
    try:
        return _KINDS[name](**arguments)
    except (TypeError, ValueError) as error:
        raise UserError(f"this is not the axis {name}: {error}", where=where) from error


def _hashable(value: Any) -> Any:
    """Lists as the tuples that they were: an axis is a frozen value."""
    return tuple(value) if isinstance(value, list) else value
