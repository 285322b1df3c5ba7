"""Saliency: how often the odd one of made-up displays is attended to first, and how well maps tell where people look.

python benchmarks/saliency.py --displays 200
python benchmarks/saliency.py --pictures stimuli --fixations fixations.tsv.gz

`--pictures` is a folder of picture files, and `--fixations` a table of where people looked in them, as
`heedful saliency --fixations` reads it. Prints tables in Markdown.
"""

import argparse
import time
from collections import Counter
from pathlib import Path

import torch

from heedful.data.corpus.displays import KINDS, Display, search_displays
from heedful.data.image import PictureReader
from heedful.data.image.fixations import fixations_of, read_fixations
from heedful.metric.saliency_study import MEASURES, Study, Viewed, study
from heedful.model.saliency import IttiKoch, scan_path


def main() -> None:
    """Prints what was asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--displays", type=int, default=0, help="how many displays of each kind")
    parser.add_argument("--across", type=int, default=7, help="the most bars beside one another in a display")
    parser.add_argument(
        "--jitter", type=float, default=0.0, help="how far bars may lie beside a grid, in gaps between them"
    )
    parser.add_argument("--pictures", type=Path, help="a folder of pictures")
    parser.add_argument("--fixations", type=Path, help="a table of fixations in them")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    if chosen.displays:
        print_displays(chosen)
    if chosen.pictures and chosen.fixations:
        print_study(chosen)


def print_displays(chosen: argparse.Namespace) -> None:
    """How many displays of each kind have the odd one attended to first, and within the first five shifts."""
    model, count = IttiKoch(), chosen.displays
    print(
        f"| {count} displays of each kind, seed {chosen.seed} | bars | first shift | within 5 shifts | chance, first |"
    )
    print("|---|---|---|---|---|")
    for kind in KINDS:
        displays = list(search_displays(kind, count, seed=chosen.seed, across=chosen.across, jitter=chosen.jitter))
        found = [shifts_to_target(model, display) for display in displays]
        bars = [len(display.centres) for display in displays]
        first, five = (sum(shifts is not None and shifts <= most for shifts in found) / count for most in (1, 5))
        chance = sum(1 / number for number in bars) / count
        print(f"| {kind} | {min(bars)} to {max(bars)} | {first:.1%} | {five:.1%} | {chance:.1%} |", flush=True)


def shifts_to_target(model: IttiKoch, display: Display) -> int | None:
    """The number of the shift that goes to the odd one; None if none of the first five does."""
    height, width, _ = display.pixels.shape
    with torch.inference_mode():
        found = model(torch.from_numpy(display.pixels).permute(2, 0, 1).unsqueeze(0).float() / 255)
    for number, place in enumerate(scan_path(found.total[0], shifts=5), start=1):
        if display.nearest(place.x * width, place.y * height) == display.target:
            return number
    return None


def print_study(chosen: argparse.Namespace) -> None:
    """The measures of the model's maps, of a centre prior, of both, and of the controls."""
    start = time.perf_counter()
    viewed = list(read_pictures(chosen.pictures, chosen.fixations))
    looked = time.perf_counter()
    result = study(viewed, folds=chosen.folds, seed=chosen.seed)
    print_table(result)
    count = sum(len(each.points) for each in viewed)
    print(f"\n{len(viewed)} pictures, {count:,} fixations, {chosen.folds} folds, seed {chosen.seed}.")
    print(f"Maps {looked - start:.0f} s, scores {time.perf_counter() - looked:.0f} s, {chosen.threads} thread(s).")
    for calibration, times in Counter(result.chosen).items():
        print(f"Chosen in {times} fold(s): {calibration}.")


def print_table(result: Study) -> None:
    """The rows as a table."""
    print(f"| | {' | '.join(MEASURES)} |\n|{'---|' * (len(MEASURES) + 1)}")
    for row, numbers in result.rows.items():
        print(f"| {row} | {' | '.join(f'{numbers[measure]:.3f}' for measure in MEASURES)} |")


def read_pictures(folder: Path, table: Path) -> list[Viewed]:
    """The map and the fixations of every picture that has any."""
    fixations, reader, model = read_fixations(table), PictureReader(), IttiKoch()
    viewed: list[Viewed] = []
    for path in sorted(folder.iterdir()):
        points = fixations_of(fixations, path)
        if points is None:
            continue
        picture = reader.read(path)
        with torch.inference_mode():
            found = model(torch.from_numpy(picture.pixels).permute(2, 0, 1).unsqueeze(0).float() / 255)
        shares = points.shares(*picture.size)
        if ((shares >= 0) & (shares < 1)).all(1).any():
            viewed.append(Viewed(found.total[0].numpy(), shares))
    return viewed


if __name__ == "__main__":
    main()
