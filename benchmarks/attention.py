"""How long attention takes beside its peers, in one process: `make bench`.

Every case first passes a gate: its outputs lie within 2e-4 of float64. Then ours and its peers take turns, with the
same threads and the same inputs, and the table gives medians and the ratio peer / ours. Large buffers are kept for
all (`heedful.machine.keep_large_buffers`), since a naive peer's time is else for a good part page faults.
"""

import argparse
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention as sdpa

from heedful import Causal, Cosine, Dot, General, Soft, Window, attend, kernel
from heedful.kernel import Bounds, Problem, Tanh
from heedful.machine import keep_large_buffers

Look = Callable[[Tensor, Tensor, Tensor], Tensor]
TOLERANCE, HALF_TOLERANCE = 2e-4, 3e-2


@dataclass(frozen=True)
class Case:
    """What is timed: `ours` and its peers on `[*batch, length, width]`, and the answer in float64.

    A peer that does other work of the same size (SDPA, where we score otherwise) is no part of the gate.
    """

    name: str
    shape: tuple[int, ...]
    ours: Look
    peers: Mapping[str, Look]
    others: Mapping[str, Look]
    exact: Look
    keys: int | None = None
    dtype: torch.dtype = torch.float32
    learns: bool = True


def additive(weight: Tensor, engine: str = "auto") -> Look:
    """Ours on features, as peers get them: what projects queries and keys is a matrix product, and the same for all."""

    def look(x: Tensor, y: Tensor, value: Tensor) -> Tensor:
        problem = Problem(Tanh(weight), x, y, Bounds(x.shape[-2], y.shape[-2]), Soft())
        return kernel.attend(problem, value, engine)

    return look


def additive_by_hand(weight: Tensor) -> Look:
    """What anybody writes: every pair's hidden layer at once."""

    def look(x: Tensor, y: Tensor, value: Tensor) -> Tensor:
        hidden = torch.tanh(x.unsqueeze(-2) + y.unsqueeze(-3))
        return torch.softmax(hidden @ weight.to(x.dtype), dim=-1) @ value

    return look


def in_float64(look: Callable[..., Tensor], score: torch.nn.Module | None = None) -> Look:
    """The same in float64."""

    def exact(*tensors: Tensor) -> Tensor:
        if score is not None:
            score.double()
        try:
            return look(*(tensor.double() for tensor in tensors))
        finally:
            if score is not None:
                score.float()

    return exact


def four_axes(look: Callable[..., Tensor], **words: object) -> Look:
    """SDPA on four axes: on three it leaves its quick path."""

    def spread(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        lead = [tensor if tensor.ndim == 4 else tensor.unsqueeze(1) for tensor in (query, key, value)]
        return look(*lead, **words).reshape(*query.shape[:-1], value.shape[-1])

    return spread


def cases(compiled: bool) -> Iterator[Case]:
    """Every case of the table."""
    torch.manual_seed(1)
    for shape, keys in (((8, 512, 64), None), ((4, 128, 256), 512)):
        weight = torch.randn(shape[-1]) / shape[-1] ** 0.5
        hand = additive_by_hand(weight)
        peers = {"by hand": hand, "plain engine": additive(weight, "plain")}
        if compiled:
            peers["torch.compile"] = torch.compile(hand)
        yield Case("additive", shape, additive(weight), peers, {"SDPA": four_axes(sdpa)}, in_float64(hand), keys)
    band = (torch.arange(4096).unsqueeze(1) - torch.arange(4096)).abs() <= 64
    masked = {"SDPA, band mask": four_axes(sdpa, attn_mask=band)}
    yield Case(
        "window of 64", (1, 8, 4096, 64), by_words(region=Window(64)), masked, {}, in_float64(masked["SDPA, band mask"])
    )
    for length in (512, 2048):
        shape = (1, 8, length, 64)
        plain, causal = {"SDPA": four_axes(sdpa)}, {"SDPA": four_axes(sdpa, is_causal=True)}
        yield Case("dot", shape, by_words(score=Dot()), plain, {}, in_float64(plain["SDPA"]))
        yield Case("causal", shape, by_words(region=Causal()), causal, {}, in_float64(causal["SDPA"]))
        for score in (Cosine(), General(64, 64)):
            exact = in_float64(by_words(score=score, engine="plain"), score)
            yield Case(type(score).__name__.lower(), shape, by_words(score=score), {}, plain, exact)
        half = Case("dot, bfloat16", shape, by_words(), plain, {}, in_float64(plain["SDPA"]), dtype=torch.bfloat16)
        yield half


def by_words(**words: object) -> Look:
    """Ours."""
    return lambda query, key, value: attend(query, key, value, **words)  # pyright: ignore


def inputs(case: Case) -> list[Tensor]:
    """Query, key and value, drawn once."""
    generator = torch.Generator().manual_seed(2)
    keys = (*case.shape[:-2], case.keys or case.shape[-2], case.shape[-1])
    drawn = [torch.randn(shape, generator=generator) for shape in (case.shape, keys, keys)]
    return [tensor.to(case.dtype).requires_grad_() for tensor in drawn]


def check(case: Case, tensors: list[Tensor]) -> None:
    """Raises: SystemExit, when ours or a peer that does the same work is wrong."""
    allowed = TOLERANCE if case.dtype == torch.float32 else HALF_TOLERANCE
    with torch.no_grad():
        exact = case.exact(*tensors)
        for name, look in {"ours": case.ours, **case.peers}.items():
            error = float((look(*tensors) - exact).abs().max())
            if not error <= allowed:
                raise SystemExit(f"{case.name} {case.shape}: {name} is wrong by {error:.2g}, allowed {allowed}")


def in_turns(looks: Mapping[str, Callable[[], object]], seconds: float) -> dict[str, float]:
    """The median time of each, in milliseconds; they take turns for so long, nine turns at least."""
    for look in looks.values():
        look()
    times: dict[str, list[float]] = {name: [] for name in looks}
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times["ours"]) < 9:
        for name, look in looks.items():
            start = time.perf_counter()
            look()
            times[name].append(1e3 * (time.perf_counter() - start))
    return {name: statistics.median(taken) for name, taken in times.items()}


def time_case(case: Case, seconds: float) -> Iterator[str]:
    """The case's rows of the table: forward, and forward with backward."""
    tensors = inputs(case)
    check(case, tensors)
    looks = {"ours": case.ours, **case.peers, **case.others}
    above = torch.ones_like(case.ours(*tensors))

    def forward(look: Look) -> None:
        with torch.no_grad():
            look(*tensors)

    def both(look: Look) -> None:
        torch.autograd.grad(look(*tensors), tensors, above)

    for label, way in (("forward", forward), ("forward + backward", both)):
        taken = in_turns({name: lambda look=look, way=way: way(look) for name, look in looks.items()}, seconds)
        for name, milliseconds in list(taken.items())[1:]:
            ratio = milliseconds / taken["ours"]
            size = "x".join(map(str, case.shape)) + (f", {case.keys} keys" if case.keys else "")
            own = f"{taken['ours']:.2f}"
            yield f"| {case.name} | {size} | {label} | {own} | {name} | {milliseconds:.2f} | {ratio:.2f} |"


MEMORY = """
import re, torch
from heedful import Additive, attend
def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
score, memory = Additive(64, 64, 64), torch.randn(1, 16384, 64, requires_grad=True)
attend(memory[:, :64], memory[:, :64], score=score, engine="cpu").sum().backward()
before = peak()
attend(memory, memory, score=score).sum().backward()
print((peak() - before) / 1024)
"""


def machine() -> str:
    """What ran this, in a line."""
    cpu = next((line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if "model name" in line), "CPU")
    threads = torch.get_num_threads()
    return f"{cpu}, {threads} threads, torch {torch.__version__}, Python {platform.python_version()}"


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []


def main() -> None:
    """Runs every case, and prints the table as it grows."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, help="a Markdown file for the table")
    parser.add_argument("--seconds", type=float, default=3.0, help="how long the looks of a row take turns")
    parser.add_argument("--compile", action="store_true", help="torch.compile among the peers (needs a C++ compiler)")
    given = parser.parse_args()
    keep_large_buffers()
    rows = [f"{machine()}; medians in ms, taken in turns.", ""]
    rows += [
        "| score or region | size | pass | ours | peer | its time | peer / ours |",
        "|---|---|---|---|---|---|---|",
    ]
    print(*rows, sep="\n")
    for case in cases(given.compile):
        for row in time_case(case, given.seconds):
            rows.append(row)
            print(row, flush=True)
    extra = subprocess.run([sys.executable, "-c", MEMORY], capture_output=True, text=True, check=True).stdout
    rows += [
        "",
        f"Additive, 16,384 queries and keys, width 64, forward + backward: {float(extra):.0f} MiB at the peak.",
    ]
    print(*rows[-2:], sep="\n")
    if given.out:
        given.out.write_text("\n".join(rows) + "\n")


if __name__ == "__main__":
    main()
