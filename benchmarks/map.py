"""What a map costs on top of the forward pass: `survey` against `attend`, in turns, one head of width 64.

python benchmarks/map.py --lengths 16384,131072
"""

import argparse
import statistics
import time

import torch

from heedful import Additive, Dot, StatsRequest, attend, survey
from heedful.machine import describe, keep_large_buffers

GRID, BEST = (64, 64), 5


def main() -> None:
    """Prints a row for each length and score: seconds alone, and with the map in parts of that."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--lengths", default="4096,16384", help="queries and keys, with commas between")
    parser.add_argument("--turns", type=int, default=5, help="how often each is called")
    given = parser.parse_args()
    keep_large_buffers()
    print(f"{describe()}, {torch.get_num_threads()} threads; medians of {given.turns}, taken in turns.\n")
    print("| score | length | forward | with pooled map 64 x 64 | with the 5 best of each row too |")
    print("|---|---|---|---|---|")
    for length in map(int, given.lengths.split(",")):
        for score in (Additive(64, 64, 64), Dot()):
            print(row(score, length, given.turns), flush=True)


@torch.no_grad()
def row(score: torch.nn.Module, length: int, turns: int) -> str:
    """A row of the table; the map is that of `survey`, and the context that of `attend`."""
    generator = torch.Generator().manual_seed(1)
    query, key, value = (torch.randn(1, length, 64, generator=generator) for _ in range(3))
    ways = {
        "alone": lambda: attend(query, key, value, score=score),
        "map": lambda: survey(query, key, value, score=score, request=StatsRequest(GRID)).context,
        "best": lambda: survey(query, key, value, score=score, request=StatsRequest(GRID, BEST)).context,
    }
    few = query[:, : min(length, 512)], key[:, : min(length, 700)]
    seen = survey(*few, score=score, request=StatsRequest(GRID))
    torch.testing.assert_close(seen.mass, survey(*few, score=score, request=StatsRequest(GRID, context=False)).mass)
    torch.testing.assert_close(seen.context, attend(*few, score=score, engine="plain"), rtol=1e-4, atol=1e-5)
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(turns):
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            taken[name].append(time.perf_counter() - start)
    alone, *others = (statistics.median(times) for times in taken.values())
    ratios = " | ".join(f"{other / alone:.2f}" for other in others)
    return f"| {type(score).__name__.lower()} | {length:,} | {alone:.3f} s | {ratios} |"


if __name__ == "__main__":
    main()
