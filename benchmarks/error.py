"""How far additive scores in float32 lie from float64, by the way they are computed. Nothing is timed here.

    python benchmarks/error.py --page docs/fast.md --picture docs/pictures/error

Features are drawn from a normal distribution of several scales, weights as `Additive` starts with them. The engine's
scores are those of its own compiled loops. Terms alone are computed in float32 and added up in float64, which shows the
way without the sum. Errors are absolute: one of d changes a weight of the softmax by the factor e^d.
"""

import argparse
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from heedful import machine
from heedful.kernel.cpu import launch, tiles
from heedful.kernel.cpu.forms import Factored
from heedful.kernel.inputs import KernelInputs

SCALES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0)
IN_TABLE = (0.1, 1.0, 5.0, 10.0, 30.0)
WIDTHS = (16, 64, 256)
QUERIES, KEYS = 64, 512
SEED = 1
UNIT = 2.0**-24
TANH, RECIPROCAL, QUOTIENT, ENGINE = "tanh(x + y)", "1 - 2 / (1 + p)", "(p - 1) / (p + 1)", "engine"
BEGIN, END = "<!-- error: begin, written by benchmarks/error.py -->\n", "<!-- error: end -->\n"


@dataclass(frozen=True)
class Measured:
    """What one draw gave: errors by way, NaN where a way gave no number, and whether the engine factored."""

    width: int
    scale: float
    terms: dict[str, float]  # root mean square, terms in float32 and their sum in float64
    mean: dict[str, float]  # root mean square, all in float32
    most: dict[str, float]  # maximum, all in float32
    factored: bool
    bound: float


def engine_scores(x: Tensor, y: Tensor, weight: Tensor) -> tuple[Tensor, bool]:
    """Scores ``[T, S]`` by the engine's loops, tile by tile, and whether they were the factored ones."""
    limits = torch.zeros(1, len(x), dtype=torch.int32), torch.full((1, len(x)), len(y), dtype=torch.int32)
    first = torch.zeros(1, dtype=torch.long)
    inputs = KernelInputs(x[None], y[None], y[None, :, :1], weight, *limits, None, first, first, None, 1.0)
    arrays, scores = launch._arrays(inputs), np.zeros((len(x), len(y)), np.float32)
    part = np.zeros((tiles.ROWS + 2, tiles.KEYS), np.float32)
    for row in range(0, len(x), tiles.ROWS):
        for key in range(0, len(y), tiles.KEYS):
            tile = tiles.Tile(0, row, min(tiles.ROWS, len(x) - row), key, min(tiles.KEYS, len(y) - key))
            tiles.score_tile(arrays, tile, part)
            scores[row : row + tile.rows, key : key + tile.columns] = part[: tile.rows, : tile.columns]
    return torch.from_numpy(scores), isinstance(arrays.form, Factored)


def bound(weight: Tensor) -> float:
    """What no merged score is wrong by, to first order; docs/fast.md derives it."""
    return (10.25 + weight.numel() / 4) * UNIT * float(weight.abs().double().sum())


def measure(width: int, scale: float) -> Measured:
    """One draw of queries and keys, scored in all ways.

    Raises: SystemExit, when the engine is wrong by more than the bound.
    """
    generator = torch.Generator().manual_seed(SEED)
    x, y = (scale * torch.randn(length, width, generator=generator) for length in (QUERIES, KEYS))
    weight = torch.randn(width, generator=generator) / width**0.5
    exact = torch.tanh(x.double().unsqueeze(1) + y.double()) @ weight.double()
    products = (2 * x).exp().unsqueeze(1) * (2 * y).exp()
    terms = {
        TANH: torch.tanh(x.unsqueeze(1) + y),
        RECIPROCAL: 1 - 2 / (1 + products),
        QUOTIENT: (products - 1) / (products + 1),
    }
    own, factored = engine_scores(x, y, weight)
    scores = {name: each @ weight for name, each in terms.items()} | {ENGINE: own}
    found = Measured(
        width,
        scale,
        terms={name: _mean(each.double() @ weight.double() - exact) for name, each in terms.items()},
        mean={name: _mean(each - exact) for name, each in scores.items()},
        most={name: float((each - exact).abs().max()) for name, each in scores.items()},
        factored=factored,
        bound=bound(weight),
    )
    if factored and not found.most[ENGINE] <= found.bound:
        raise SystemExit(f"width {width}, scale {scale}: wrong by {found.most[ENGINE]:.2g}, bound {found.bound:.2g}")
    return found


def _mean(errors: Tensor) -> float:
    return float(errors.square().mean().sqrt())


def table(results: list[Measured]) -> str:
    """Errors in units of 1e-8, as Markdown."""
    ways = (TANH, RECIPROCAL, QUOTIENT)
    heads = [*(f"`{name}`, terms alone" for name in ways), f"`{TANH}`, torch", "the engine", "its loop", "bound"]
    rows = ["| width | scale | " + " | ".join(heads) + " |", "|---" * (2 + len(heads)) + "|"]
    for each in results:
        if each.scale not in IN_TABLE:
            continue
        cells = [_short(each.terms[name]) for name in ways]
        cells += [f"{_short(each.mean[name])} / {_short(each.most[name])}" for name in (TANH, ENGINE)]
        cells += ["factored", _short(each.bound)] if each.factored else ["pair by pair", "none"]
        rows.append(f"| {each.width} | {each.scale:g} | " + " | ".join(cells) + " |")
    where = f"root mean square, or root mean square / maximum, of {QUERIES} x {KEYS} scores. Seed {SEED}, one thread"
    return "\n".join([*rows, "", f"Units of 1e-8; {where}; {machine.describe()}.", ""])


def _short(error: float) -> str:
    return f"{1e8 * error:.{0 if error > 1e-6 else 1}f}" if math.isfinite(error) else "NaN"


def draw(results: list[Measured], path: Path) -> None:
    """The root mean squares (lines) and maxima (dots) over the scale, a panel for each width, as .svg and .png."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    settings = {"font.size": 9, "svg.hashsalt": "heedful", "axes.spines.top": False, "axes.spines.right": False}
    with pyplot.rc_context(settings):
        figure, panels = pyplot.subplots(1, len(WIDTHS), figsize=(9.6, 3.5), sharey=True, layout="constrained")
        for panel, width in zip(panels, WIDTHS, strict=True):
            own = [each for each in results if each.width == width]
            _draw_width(panel, own)
            panel.set_title(f"width {width}", fontsize=10)
            panel.set_xlabel("scale of the features")
        panels[0].set_ylabel("error of a score\n(root mean square; dots: maximum)")
        lines = panels[0].get_legend_handles_labels()
        figure.legend(*lines, loc="outside lower center", ncols=4, frameon=False)
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))  # else a picture differs at each drawing
        figure.savefig(path.with_suffix(".svg"), facecolor="white", metadata=nothing)
        figure.savefig(path.with_suffix(".png"), facecolor="white", dpi=140)
        pyplot.close(figure)


LABELS = {TANH: "tanh(x + y), torch", RECIPROCAL: "1 - 2 / (1 + p), torch", ENGINE: "the engine, factored"}
WAYS = ((TANH, "#4c72b0", "s"), (RECIPROCAL, "#c44e52", "^"), (ENGINE, "#2f8f4e", "o"))


def _draw_width(panel, own: list[Measured]) -> None:
    scales = [each.scale for each in own]
    for name, colour, marker in WAYS:
        panel.plot(
            scales, [each.mean[name] for each in own], color=colour, marker=marker, ms=4, lw=1.4, label=LABELS[name]
        )
        panel.plot(scales, [each.most[name] for each in own], color=colour, lw=1.0, ls=":")
    direct = [each for each in own if not each.factored]
    words = {"mfc": "white", "mec": "#2f8f4e", "ms": 5, "ls": "", "zorder": 4, "label": "the engine, pair by pair"}
    panel.plot([each.scale for each in direct], [each.mean[ENGINE] for each in direct], marker="o", **words)
    panel.set_xscale("log")
    panel.set_yscale("log")
    panel.set_xticks([0.1, 1, 10], ["0.1", "1", "10"])
    panel.grid(True, which="major", color="#dddddd", lw=0.6)


def main() -> None:
    """Measures, prints the table, and writes what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--page", type=Path, help="a Markdown file whose table, between its two marks, is replaced")
    parser.add_argument("--picture", type=Path, help="where the figure goes, as .svg and .png")
    given = parser.parse_args()
    torch.set_num_threads(1)
    results = [measure(width, scale) for width in WIDTHS for scale in SCALES]
    rows = table(results)
    print(rows)
    if given.page:
        text = given.page.read_text(encoding="utf-8")
        before, after = text.split(BEGIN)[0], text.split(END)[1]
        given.page.write_text(f"{before}{BEGIN}\n{rows}\n{END}{after}", encoding="utf-8")
    if given.picture:
        draw(results, given.picture)


if __name__ == "__main__":
    main()
