"""Time and memory against length, each line named where it ends, through matplotlib (extra "plot")."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from heedful.bench.case import PASSES
from heedful.bench.peers import OURS
from heedful.bench.report import Row
from heedful.errors import require
from heedful.store import replacing

_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b8860b", "#56b4e9", "#6a51a3", "#8c564b", "#555555")
"""Okabe and Ito's, told apart by the colour-blind too, the yellow darkened; ours is black."""
_LINE, _GAP = 11.0, 18.0
"""Points between the middles of two names, and from the longest line to the column of names."""

Points = Sequence[tuple[int, float]]


def worth_drawing(rows: Sequence[Row]) -> bool:
    """Whether a case has lengths enough for a curve."""
    return len({row.length for row in rows if row.timing}) >= 3


def save_plot(rows: Sequence[Row], path: Path, *, title: str) -> None:
    """Draws the rows of one case into a file in the format of its suffix: .svg, .png or .pdf.

    Training is drawn where it was timed, else the forward pass.
    Raises: UserError, when matplotlib is missing or the file cannot be written.
    """
    require("matplotlib", extra="plot")
    ways = {row.way for row in rows if row.timing}
    way = PASSES[1] if PASSES[1] in ways else PASSES[0]
    drawn = [row for row in rows if row.way == way and row.timing]
    with replacing(path) as temporary:
        figure = _figure(drawn, f"{title}, {way}")
        # Text stays text in SVG, and no date or random name makes two drawings of one run differ.
        import matplotlib

        with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "heedful"}):
            suffix = path.suffix.lower().lstrip(".")
            nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))  # else a picture differs at each drawing
            figure.savefig(temporary, format=suffix, dpi=160, metadata=nothing if suffix == "svg" else None)


def _figure(rows: Sequence[Row], title: str) -> Any:
    from matplotlib.figure import Figure

    peers = list(dict.fromkeys(row.peer for row in rows))
    compared = [peer for peer in peers if peer != OURS]
    colours = {OURS: "black"} | {peer: _COLOURS[i % len(_COLOURS)] for i, peer in enumerate(compared)}
    panels = {
        "milliseconds a call": _series(rows, lambda row: row.timing and row.timing.wall),
        "MiB at the peak of a call": _series(rows, lambda row: row.bytes and row.bytes / 2**20),
    }
    panels = {name: series for name, series in panels.items() if series}
    figure = Figure(figsize=(5.6 * len(panels) + 0.4, 4.6), layout="constrained")
    axes: Any = figure.subplots(1, len(panels), squeeze=False)[0]
    figure.suptitle(title, fontsize=11, x=0.01, ha="left")
    for panel, (name, series) in zip(axes, panels.items(), strict=True):
        _draw(panel, series, colours)
        panel.set_title(name, fontsize=9, loc="left")
    # Names are placed by where lines end on the page, which is known only after a layout; it must not change again.
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for panel, series in zip(axes, panels.values(), strict=True):
        _name_lines(panel, series, colours)
    return figure


def _series(rows: Sequence[Row], value: Callable[[Row], float | None]) -> dict[str, Points]:
    """The points of each peer in order of length, without values of 0, which a logarithmic axis cannot show."""
    found: dict[str, list[tuple[int, float]]] = {}
    for row in sorted(rows, key=lambda row: row.length):
        number = value(row)
        if number:
            found.setdefault(row.peer, []).append((row.length, number))
    return dict(found)


def _draw(panel: Any, series: Mapping[str, Points], colours: Mapping[str, str]) -> None:
    """Lines over logarithmic axes, and nothing that says no number."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    for peer, points in series.items():
        width = 2.2 if peer == OURS else 1.3
        panel.plot(*zip(*points, strict=True), color=colours[peer], linewidth=width, marker="o", markersize=2 * width)
    lengths = sorted({length for points in series.values() for length, _ in points})
    panel.set_xscale("log", base=2)
    panel.set_yscale("log")
    panel.set_xlim(lengths[0] / 1.15, lengths[-1] * (lengths[-1] / lengths[0]) ** 0.45)  # room for the names
    shown = lengths[:: -max(1, -(-len(lengths) // 6))]  # the longest among them
    panel.set_xticks(shown, [f"{length:,}" for length in shown], fontsize=8)
    panel.xaxis.set_minor_locator(NullLocator())
    panel.yaxis.set_major_locator(LogLocator(base=10, numticks=12))
    panel.yaxis.set_minor_locator(NullLocator())
    panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    panel.tick_params(labelsize=8, length=3)
    panel.set_xlabel("queries and keys", fontsize=8, loc="left")
    panel.spines[["top", "right"]].set_visible(False)
    panel.spines["bottom"].set_bounds(lengths[0], lengths[-1])
    panel.grid(axis="y", color="#e6e6e6", linewidth=0.6)
    panel.set_axisbelow(True)


def _name_lines(panel: Any, series: Mapping[str, Points], colours: Mapping[str, str]) -> None:
    """The names in a column at the right, each connected to the end of its line by a thin line."""
    scale = 72 / panel.figure.dpi
    ends = {peer: panel.transData.transform(points[-1]) * scale for peer, points in series.items()}
    column = max(float(x) for x, _ in ends.values()) + _GAP
    top = float(panel.transAxes.transform((0, 1))[1]) * scale
    heights = space_apart({peer: float(y) for peer, (_, y) in ends.items()}, top=top)
    for peer, height in heights.items():
        panel.annotate(
            peer,
            xy=series[peer][-1],
            xytext=(column - float(ends[peer][0]), height - float(ends[peer][1])),
            textcoords="offset points",
            va="center",
            fontsize=8,
            color=colours[peer],
            fontweight="bold" if peer == OURS else "normal",
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": colours[peer], "linewidth": 0.6, "linestyle": ":", "shrinkB": 4},
        )


def space_apart(heights: Mapping[str, float], *, top: float) -> dict[str, float]:
    """Heights close to `heights`, in points, at least a line apart and not above the top."""
    # Upwards first, each name at least a line above the one below; then down again from the top.
    names = sorted(heights, key=heights.__getitem__)
    placed: list[float] = []
    for name in names:
        placed.append(max(heights[name], placed[-1] + _LINE) if placed else heights[name])
    limit = top
    for i in reversed(range(len(placed))):
        placed[i] = min(placed[i], limit)
        limit = placed[i] - _LINE
    return dict(zip(names, placed, strict=True))
