"""How exact and how quick the GPU engine is, on a machine with a CUDA GPU: `python benchmarks/gpu_check.py --out FILE`.

Without one it ends with a message. First the laws of `gpu_picks.py` have to hold. Every case then passes a gate:
outputs and gradients of a small problem lie within the tolerance of float64. Then ours and its peers take turns, each
timed by CUDA events, and the table gives medians. A peer that runs out of memory or does not compile says so in its
row. The last line is the ceiling: how many tanh a second the device itself computes, by a kernel that does nothing
else.
"""

import argparse
import statistics
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention as sdpa

from heedful import Dot, Soft, Window, attend, kernel
from heedful.kernel import Bounds, Problem, Tanh

if not torch.cuda.is_available():  # asked before Triton is imported, which not every build of torch brings along
    raise SystemExit("benchmarks/gpu_check.py measures a CUDA GPU, and torch sees none on this machine.")

import gpu_picks
import triton
import triton.language as tl

Look = Callable[[Tensor, Tensor, Tensor], Tensor]
TOLERANCE, HALF_TOLERANCE = 2e-4, 3e-2
WIDTH, RADIUS, LOOPS = 64, 64, 4096


@dataclass(frozen=True)
class Case:
    """What is timed, on tensors `[*batch, length, WIDTH]`; `terms` are the products or tanh of one forward pass."""

    name: str
    batch: tuple[int, ...]
    length: int
    ours: Look
    exact: Look
    peers: Mapping[str, Look]
    terms: int
    dtype: torch.dtype = torch.float32


def additive(weight: Tensor, engine: str) -> Look:
    """Ours on features: what projects queries and keys is a matrix product, and the same for all."""

    def look(x: Tensor, y: Tensor, value: Tensor) -> Tensor:
        bounds = Bounds(x.shape[-2], y.shape[-2])
        return kernel.attend(Problem(Tanh(weight), x, y, bounds, Soft()), value, engine)

    return look


def window(engine: str) -> Look:
    """Ours over a band of keys."""

    def look(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        return attend(query, key, value, score=Dot(), region=Window(RADIUS), engine=engine)

    return look


def additive_by_hand(weight: Tensor) -> Look:
    """What anybody writes: every pair's hidden layer at once."""

    def look(x: Tensor, y: Tensor, value: Tensor) -> Tensor:
        hidden = torch.tanh(x.unsqueeze(-2) + y.unsqueeze(-3))
        return torch.softmax(hidden @ weight.to(x.dtype), dim=-1) @ value

    return look


def four_axes(look: Callable[..., Tensor], **words: object) -> Look:
    """SDPA on four axes: on three it leaves its quick path."""

    def spread(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        lead = [tensor if tensor.ndim == 4 else tensor.unsqueeze(1) for tensor in (query, key, value)]
        return look(*lead, **words).reshape(*query.shape[:-1], value.shape[-1])

    return spread


def window_by_flex(length: int) -> Look:
    """FlexAttention over the same band, compiled."""
    from torch.nn.attention.flex_attention import create_block_mask, flex_attention

    def near(batch: Tensor, head: Tensor, query: Tensor, key: Tensor) -> Tensor:
        return (query - key).abs() <= RADIUS

    blocks = create_block_mask(near, None, None, length, length, device="cuda")
    return four_axes(torch.compile(flex_attention), block_mask=blocks)


def cases() -> Iterator[Case]:
    """Every case of the table."""
    weight = torch.randn(WIDTH, device="cuda") / WIDTH**0.5
    hand = additive_by_hand(weight)
    for rows, length in ((8, 512), (8, 2048), (1, 8192), (1, 65536)):
        terms = rows * length**2 * WIDTH
        peers = {"SDPA (other scores)": four_axes(sdpa)}
        if length <= 8192:
            peers |= {"eager": hand, "torch.compile": torch.compile(hand)}
        for dtype in (torch.float32, torch.bfloat16):
            yield Case("additive", (rows,), length, additive(weight, "gpu"), hand, peers, terms, dtype)

    for length in (4096, 65536):
        peers = {"FlexAttention": window_by_flex(length)}
        if length <= 4096:
            place = torch.arange(length, device="cuda")
            peers["SDPA, band mask"] = four_axes(sdpa, attn_mask=(place.unsqueeze(1) - place).abs() <= RADIUS)
        terms = 8 * length * (2 * RADIUS + 1) * WIDTH
        yield Case(f"window of {RADIUS}", (1, 8), length, window("gpu"), window("plain"), peers, terms, torch.bfloat16)


def draw(case: Case, length: int) -> list[Tensor]:
    """Query, key and value."""
    generator = torch.Generator("cuda").manual_seed(2)
    drawn = (torch.randn(*case.batch, length, WIDTH, generator=generator, device="cuda") for _ in range(3))
    return [tensor.to(case.dtype).requires_grad_() for tensor in drawn]


def learn(look: Look, tensors: list[Tensor]) -> list[Tensor]:
    """The context and the gradients of its sum of squares."""
    context = look(*tensors)
    return [context, *torch.autograd.grad(context.square().sum(), tensors)]


def gate(case: Case) -> None:
    """Raises: SystemExit, when ours is wrong at a length that no block divides."""
    allowed = TOLERANCE if case.dtype == torch.float32 else HALF_TOLERANCE
    tensors = draw(case, 331)
    wide = [tensor.detach().double().requires_grad_() for tensor in tensors]
    found, exact = learn(case.ours, tensors), learn(case.exact, wide)
    for name, own, true in zip(("context", "query", "key", "value"), found, exact, strict=True):
        error = float((own - true).detach().abs().max() / true.detach().abs().max())
        if not error <= allowed:
            raise SystemExit(f"{case.name}, {case.dtype}: {name} is wrong by {error:.2g}, allowed {allowed}")


def milliseconds(work: Callable[[], object]) -> float:
    """How long the device takes for it."""
    start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    start.record()
    work()
    end.record()
    end.synchronize()
    return start.elapsed_time(end)


def in_turns(works: Mapping[str, Callable[[], object]], turns: int) -> dict[str, float | str]:
    """The median time of each, or why there is none."""
    times: dict[str, list[float]] = {}
    failed: dict[str, str] = {}
    for name, work in works.items():
        try:
            for _ in range(3):  # compiles, and warms up
                milliseconds(work)
            times[name] = []
        except Exception as fault:  # a peer that cannot do this is a row of the table, and not its end
            if name == "ours":
                raise
            failed[name] = type(fault).__name__
            torch.cuda.empty_cache()
    for _ in range(turns):
        for name, taken in times.items():
            taken.append(milliseconds(works[name]))
    return {name: statistics.median(times[name]) if name in times else failed[name] for name in works}


def rows_of(case: Case, turns: int) -> Iterator[str]:
    """The case's rows of the table: forward, and forward with backward."""
    gate(case)
    tensors = draw(case, case.length)
    looks = {"ours": case.ours, **case.peers}

    def forward(look: Look) -> None:
        with torch.no_grad():
            look(*tensors)

    for label, way in (("forward", forward), ("forward + backward", lambda look: learn(look, tensors))):
        taken = in_turns({name: lambda look=look, way=way: way(look) for name, look in looks.items()}, turns)
        for name, found in taken.items():
            size = f"{'x'.join(map(str, case.batch))}x{case.length}x{WIDTH}, {str(case.dtype).removeprefix('torch.')}"
            if isinstance(found, str):
                yield f"| {case.name} | {size} | {label} | {name} | {found} | | |"
                continue
            rate = case.terms / found / 1e9
            flops = f"{4 * rate:.2f}" if "window" in case.name and label == "forward" else ""
            evals = f"{rate:.3f}" if "additive" in case.name and label == "forward" else ""
            yield f"| {case.name} | {size} | {label} | {name} | {found:.3f} | {evals} | {flops} |"


@triton.jit
def _tanh_alone(out, seed, LOOPS: tl.constexpr, BLOCK: tl.constexpr):
    """As many tanh as a program can do, one after the other."""
    place = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    number = tl.load(seed) + place.to(tl.float32) * 1e-9
    for _ in range(LOOPS):
        number = tl.inline_asm_elementwise(
            "tanh.approx.f32 $0, $1;", "=f,f", [number], dtype=tl.float32, is_pure=True, pack=1
        )
    tl.store(out + place, number)


def ceiling() -> float:
    """How many tanh a second, in T, the device's own unit computes."""
    programs, block = 132 * 64, 1024
    out, seed = torch.empty(programs * block, device="cuda"), torch.ones(1, device="cuda")

    def work() -> None:
        _tanh_alone[(programs,)](out, seed, LOOPS, block)

    return programs * block * LOOPS / float(in_turns({"ours": work}, 9)["ours"]) / 1e9


def main() -> None:
    """Runs every case, and prints the table as it grows."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, help="a Markdown file for the table")
    parser.add_argument("--turns", type=int, default=15, help="how many times each is timed")
    given = parser.parse_args()
    torch.manual_seed(1)
    lines = [
        f"{torch.cuda.get_device_name()}, torch {torch.__version__}, Triton {triton.__version__}; medians of "
        f"{given.turns}, taken in turns, timed by CUDA events.",
        "",
        "| score or region | size | pass | engine | ms | T evals/s | TFLOP/s |",
        "|---|---|---|---|---|---|---|",
    ]
    print(*lines, sep="\n")
    for line in gpu_picks.check("cuda"):
        print(line, flush=True)
    for case in cases():
        for row in rows_of(case, given.turns):
            lines.append(row)
            print(row, flush=True)
    lines += ["", f"Ceiling of the device's own tanh (`tanh.approx.f32`): {ceiling():.2f} T evals/s."]
    print(*lines[-2:], sep="\n")
    if given.out:
        given.out.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
