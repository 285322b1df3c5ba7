"""The benchmark cases by name: the table `CASES`."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from heedful import kernel
from heedful.attention import attend
from heedful.bench.case import Attend, Case, Workload, unchanged
from heedful.choice import Soft
from heedful.kernel import Bounds, Problem, Tanh
from heedful.region import Causal, Predicted, Window
from heedful.score import Cosine, Dot, General

_RADIUS = 64
_HEADS, _WIDTH = 8, 64


@dataclass(frozen=True)
class CaseSpec:
    """A case for any number of keys, and the lengths at which it is timed by default."""

    summary: str
    make: Callable[[int, torch.device], Case]
    lengths: tuple[int, ...]


def _additive(name: str, batch: int, queries: int, *, keys: int, width: int, device: torch.device) -> Case:
    """Additive attention on features: what projects queries and keys is a matrix product, and the same for all."""
    generator = torch.Generator().manual_seed(1)
    weight = (torch.randn(width, generator=generator) / width**0.5).to(device)

    def ours(engine: str) -> Attend:
        def call(x: Tensor, y: Tensor, value: Tensor) -> Tensor:
            problem = Problem(Tanh(weight), x, y, Bounds(x.shape[-2], y.shape[-2]), Soft())
            return kernel.attend(problem, value, engine)

        return call

    return Case(name, keys, (batch, queries, width), keys, Workload(ours, weight=weight), device)


def _ours(**options: Any) -> Callable[[str], Attend]:
    """Ours, as a user calls it."""

    def ours(engine: str) -> Attend:
        return lambda query, key, value: attend(query, key, value, engine=engine, **options)

    return ours


def _inner(name: str, length: int, device: torch.device, work: Workload) -> Case:
    """Eight heads of width 64."""
    return Case(name, length, (1, _HEADS, length, _WIDTH), length, work, device)


_DOT = Workload(_ours(score=Dot()), scale=_WIDTH**-0.5)


def _frozen(module: nn.Module, device: torch.device) -> Any:
    """A module whose parameters get no gradients: the peers compute none for them either."""
    return module.to(device).requires_grad_(False)


def _cosine(length: int, device: torch.device) -> Case:
    def features(query: Tensor, key: Tensor) -> tuple[Tensor, Tensor]:
        return normalize(query, dim=-1), normalize(key, dim=-1)

    ours = _ours(score=_frozen(Cosine(), device))
    return _inner("cosine", length, device, Workload(ours, features))


def _general(length: int, device: torch.device) -> Case:
    torch.manual_seed(1)
    score = _frozen(General(_WIDTH, _WIDTH), device)

    def features(query: Tensor, key: Tensor) -> tuple[Tensor, Tensor]:
        return query @ score.weight.to(query.dtype), key

    return _inner("general", length, device, Workload(_ours(score=score), features))


def _predicted(length: int, device: torch.device) -> Case:
    torch.manual_seed(1)
    region = _frozen(Predicted(_WIDTH, _WIDTH, float(_RADIUS)), device)

    def centre(query: Tensor) -> Tensor:
        hidden = torch.tanh(query @ region.projection.weight.to(query.dtype).T)
        return (length - 1) * torch.sigmoid(hidden @ region.weight.to(query.dtype))

    work = Workload(_ours(region=region), unchanged, scale=_WIDTH**-0.5, centre=centre, radius=float(_RADIUS))
    return _inner("predicted", length, device, work)


def _window(length: int, device: torch.device) -> Case:
    work = replace(_DOT, ours=_ours(region=Window(_RADIUS)), left=_RADIUS, right=_RADIUS)
    return _inner("window", length, device, work)


def _local(length: int, device: torch.device) -> Case:
    work = replace(_DOT, ours=_ours(region=Window(_RADIUS) & Causal()), left=_RADIUS, right=0)
    return _inner("local", length, device, work)


def _causal(length: int, device: torch.device) -> Case:
    return _inner("causal", length, device, replace(_DOT, ours=_ours(region=Causal()), right=0))


SWEEP = "lengths"
"""The case that shows how time and memory grow; it is not timed by default."""

CASES = {
    "additive": CaseSpec(
        "additive score, 8 sequences, width 64",
        lambda length, device: _additive("additive", 8, length, keys=length, width=64, device=device),
        (512,),
    ),
    "additive-wide": CaseSpec(
        "additive score, 4 sequences, width 256, four keys a query",
        lambda length, device: _additive(
            "additive-wide", 4, max(1, length // 4), keys=length, width=256, device=device
        ),
        (512,),
    ),
    "window": CaseSpec(f"dot product, {_RADIUS} keys to each side, 8 heads", _window, (4096,)),
    "local": CaseSpec(f"dot product, {_RADIUS} keys to the left, 8 heads: Window & Causal", _local, (4096,)),
    "predicted": CaseSpec(f"dot product, {_RADIUS} keys around a predicted centre, 8 heads", _predicted, (4096,)),
    "dot": CaseSpec("dot product, 8 heads", lambda length, device: _inner("dot", length, device, _DOT), (512, 2048)),
    "causal": CaseSpec("dot product, causal, 8 heads", _causal, (512, 2048)),
    "cosine": CaseSpec("cosine, 8 heads", _cosine, (512, 2048)),
    "general": CaseSpec("bilinear score, 8 heads", _general, (512, 2048)),
    "bfloat16": CaseSpec(
        "dot product in bfloat16, 8 heads",
        lambda length, device: replace(_inner("bfloat16", length, device, _DOT), dtype=torch.bfloat16),
        (512, 2048),
    ),
    SWEEP: CaseSpec(
        "additive score, 1 head, width 64",
        lambda length, device: _additive(SWEEP, 1, length, keys=length, width=64, device=device),
        tuple(2**power for power in range(6, 18)),
    ),
}
