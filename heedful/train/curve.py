"""The curves of a run as a picture in its folder: the training loss, and the validation metric below it."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from heedful.store import write_text_atomically

CURVE = "curve.svg"

_WIDTH, _HEIGHT, _LEFT, _TOP, _GAP = 560, 150, 64, 28, 56  # pixels of a panel, and of the space around it
_INKS = ("#1f5f99", "#b3541e")

Points = Sequence[tuple[float, float]]


def save_curve(folder: Path, lines: Iterable[Mapping[str, Any]], metric: str) -> None:
    """Draws the lines of metrics.jsonl into the folder; nothing if there are fewer than two points of each curve.

    Raises: UserError, when the file cannot be written.
    """
    rows = list(lines)
    curves = {name: _points(rows, name) for name in ("train_loss", metric)}
    drawn = {name: points for name, points in curves.items() if len(points) > 1}
    if drawn:
        write_text_atomically(folder / CURVE, curve_svg(drawn))


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The lines of metrics.jsonl; none if there is no such file."""
    if not path.is_file():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def curve_svg(curves: Mapping[str, Points]) -> str:
    """Curves over steps, one below the other, as SVG.

    >>> curve_svg({"train_loss": [(0.0, 2.0), (100.0, 1.0)]})[:4]
    '<svg'
    """
    steps = [step for points in curves.values() for step, _ in points]
    first = min(steps)
    # The axis needs a width.
    last = max(first + 1, *steps)
    height = len(curves) * (_HEIGHT + _GAP) + _TOP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH + _LEFT + 24} {height}" '
        'font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="#ffffff"/>',
    ]
    for number, (name, points) in enumerate(curves.items()):
        top = _TOP + number * (_HEIGHT + _GAP)
        parts += _panel(name, points, (first, last), top=top, ink=_INKS[number % len(_INKS)])
    return "\n".join([*parts, "</svg>", ""])


def _panel(name: str, points: Points, span: tuple[float, float], *, top: int, ink: str) -> list[str]:
    values = [value for _, value in points]
    marks = ticks(min(values), max(values))
    low, high = marks[0], marks[-1]

    def pixel(step: float, value: float) -> tuple[float, float]:
        across = (step - span[0]) / (span[1] - span[0])
        return _LEFT + _WIDTH * across, top + _HEIGHT * (1 - (value - low) / (high - low))

    parts = [f'<text x="{_LEFT}" y="{top - 10}" font-weight="bold">{escape(name)}</text>']
    for value in marks:
        _, down = pixel(span[0], value)
        parts.append(f'<line x1="{_LEFT}" x2="{_LEFT + _WIDTH}" y1="{down:.1f}" y2="{down:.1f}" stroke="#dddddd"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{down + 4:.1f}" text-anchor="end">{value:.4g}</text>')
    for step in (span[0], (span[0] + span[1]) / 2, span[1]):
        across, _ = pixel(step, low)
        parts.append(f'<text x="{across:.1f}" y="{top + _HEIGHT + 18}" text-anchor="middle">{step:.0f}</text>')
    line = " ".join(f"{across:.1f},{down:.1f}" for across, down in (pixel(*point) for point in points))
    return [*parts, f'<polyline points="{line}" fill="none" stroke="{ink}" stroke-width="1.8"/>']


def ticks(low: float, high: float) -> list[float]:
    """Three to six round numbers around an interval."""
    # Values that differ in their last bits only are as good as equal: ticks that close could not be told apart.
    is_flat = high - low <= 1e-9 * max(abs(low), abs(high))
    width = (abs(high) or 1.0) if is_flat else high - low
    step = 10 ** math.floor(math.log10(width))
    # The width is one to ten times the step, so that the last factor always does.
    step *= next((factor for factor in (0.5, 1.0, 2.0) if width / (factor * step) <= 4), 5.0)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [number * step for number in range(first, max(last, first + 1) + 1)]


def _points(rows: Iterable[Mapping[str, Any]], name: str) -> list[tuple[float, float]]:
    return [(float(row["step"]), float(row[name])) for row in rows if isinstance(row.get(name), int | float)]
