"""Overlays as plain values that JSON keeps, and back."""

from collections.abc import Mapping
from typing import Any

from heedful.errors import UserError
from heedful.watch.mark import Mark, Overlay, ScanPath


def overlay_to_json(overlay: Overlay) -> dict[str, Any]:
    """``{"notes": ["β 0.9", ...], "marks": [[{"x": 3.5, "y": 4.0, ...}, {"path": [...]}], ...]}``, what there is."""
    values: dict[str, Any] = {"notes": list(overlay.notes)} if overlay.notes else {}
    if overlay.marks:
        values["marks"] = [[_to_json(mark) for mark in marks] for marks in overlay.marks]
    return values


def overlay_from_json(values: Mapping[str, Any], *, where: str) -> Overlay:
    """The overlay that `overlay_to_json` wrote; other keys are left alone.

    Raises: UserError, when it is none; the message begins with `where`.
    """
    try:
        marks = [[_from_json(mark) for mark in row] for row in values.get("marks", [])]
        return Overlay([str(note) for note in values.get("notes", [])], marks)
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"these are no marks of a map: {error}", where=where) from error


def _to_json(mark: Mark | ScanPath) -> dict[str, Any]:
    if isinstance(mark, ScanPath):
        return {"path": [_to_json(stop) for stop in mark.stops]}
    value: dict[str, Any] = {"x": mark.x, "y": mark.y}
    if mark.label:
        value["label"] = mark.label
    if mark.boxes:
        value["boxes"] = [list(box) for box in mark.boxes]
    return value


def _from_json(value: Any) -> Mark | ScanPath:
    if "path" in value:
        return ScanPath([_mark(stop) for stop in value["path"]])
    return _mark(value)


def _mark(value: Any) -> Mark:
    boxes = [(left, top, right, bottom) for left, top, right, bottom in value.get("boxes", [])]
    return Mark(value["x"], value["y"], str(value.get("label", "")), boxes)
