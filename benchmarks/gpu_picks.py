"""Whether the GPU engine finds the right keys: laws that `gpu_check.py` holds before it times anything.

Keys, what learns from them and maps in short are compared with plain torch in float64; draws with the probabilities
that they should follow. `python benchmarks/gpu_picks.py` holds them alone, under ``TRITON_INTERPRET=1`` on a CPU too.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

from heedful import (
    Additive,
    Dot,
    Gumbel,
    Hard,
    Memory,
    Predicted,
    Sparse,
    StraightThrough,
    TopK,
    Window,
    align,
    attend,
    select,
)
from heedful.attention.problem import AttentionSpec, build_problem
from heedful.choice import Choice, Soft
from heedful.kernel import StatsRequest, survey
from heedful.region import Everywhere

TOLERANCE = 2e-4
WIDTH, QUERIES, KEYS = 16, 67, 131
GROUPS, CRITICAL = 10, 34.0
"""Of 10 groups, Pearson's statistic lies above the critical value once in 10,000 times."""


def check(device: str, draws: int = 20_000) -> Iterator[str]:
    """Names what holds, one after another. Raises: SystemExit, when something does not."""
    torch.manual_seed(3)
    for score in (Dot(), Additive(WIDTH, WIDTH, WIDTH)):
        score.to(device)
        for region in (Everywhere(), Window(5), Predicted(WIDTH, 8, 9.0).to(device)):
            label = f"{type(score).__name__}, {type(region).__name__}"
            for choice in (Hard(), Hard(gradient=StraightThrough()), Sparse(TopK(5)), Sparse(TopK(32))):
                words = {"score": score, "region": region, "choice": choice}
                yield _same(f"{label}, {choice}", *(_learn(engine, device, words) for engine in ("gpu", "plain")))
            yield _same(
                f"{label}, map in short", *(_in_short(engine, device, score, region) for engine in ("gpu", "plain"))
            )
        yield _drawn(score, device, draws)


def _tensors(device: str, dtype: torch.dtype) -> list[Tensor]:
    generator = torch.Generator().manual_seed(2)
    sizes = (QUERIES, KEYS, KEYS)
    drawn = (torch.randn(2, size, WIDTH, generator=generator) for size in sizes)
    return [each.to(device, dtype).requires_grad_() for each in drawn]


def _precision(engine: str, *parts: object) -> torch.dtype:
    """Float64 for the plain engine, with all that is learned; float32 for ours."""
    dtype = torch.float32 if engine == "gpu" else torch.float64
    for part in parts:
        if isinstance(part, torch.nn.Module):
            part.to(dtype)
    return dtype


def _learn(engine: str, device: str, words: dict[str, object]) -> list[Tensor]:
    """Contexts; of one key also its place, probability and entropy; and the gradients of them all."""
    tensors = _tensors(device, _precision(engine, *words.values()))
    found = [attend(*tensors, engine=engine, **words)]  # pyright: ignore[reportArgumentType]
    if isinstance(words["choice"], Hard):
        selection = select(*tensors, engine=engine, **words)  # pyright: ignore[reportArgumentType]
        found += [selection.context, selection.log_probability, selection.entropy]
    slopes = torch.autograd.grad(
        sum(each.square().sum() for each in found), tensors, allow_unused=True, materialize_grads=True
    )
    return [*(each.detach() for each in found), *slopes]


def _in_short(engine: str, device: str, score: torch.nn.Module, region: object) -> list[Tensor]:
    tensors = _tensors(device, _precision(engine, score, region))
    asked = build_problem(tensors[0], Memory(*tensors[1:]), AttentionSpec(score, region, Soft()))  # pyright: ignore
    found = survey(asked.problem, asked.value, StatsRequest((4, 6), best=3), engine=engine)
    return [found.context.detach(), found.mass, found.weight, found.entropy]


def _same(name: str, found: list[Tensor], exact: list[Tensor]) -> str:
    for own, true in zip(found, exact, strict=True):
        error = float((own - true).abs().max() / true.abs().max().clamp_min(1.0))
        if not error <= TOLERANCE:
            raise SystemExit(f"{name}: wrong by {error:.2g}, allowed {TOLERANCE}")
    return f"{name}: right"


def _drawn(score: torch.nn.Module, device: str, draws: int) -> str:
    """Drawn keys are as frequent as they are probable, and the same again from the same seed."""
    _precision("gpu", score)
    query, key, _ = (each[0].detach() for each in _tensors(device, torch.float32))
    query = query[:1].expand(draws, WIDTH)
    choice: Choice = Hard(Gumbel(7))
    weights = align(query[:1], key, score=score, engine="plain")[0].detach()  # pyright: ignore[reportArgumentType]
    one, two = (select(query, key, score=score, choice=choice, engine="gpu").index for _ in range(2))  # pyright: ignore
    group = torch.arange(KEYS, device=device) * GROUPS // KEYS
    expected = torch.zeros(GROUPS, device=device).index_add_(0, group, weights) * draws
    counts = torch.bincount(group[one], minlength=GROUPS)
    statistic, control = (float(((counts - own) ** 2 / own).sum()) for own in (expected, expected.roll(1)))
    if not (torch.equal(one, two) and statistic < CRITICAL < control):
        raise SystemExit(f"draws: statistic {statistic:.1f}, of another distribution {control:.1f}; or not repeatable")
    return f"{type(score).__name__}, draws: right ({statistic:.1f}, below {CRITICAL})"


if __name__ == "__main__":
    cuda = torch.cuda.is_available()
    for line in check("cuda" if cuda else "cpu", 20_000 if cuda else 1_000):
        print(line, flush=True)
