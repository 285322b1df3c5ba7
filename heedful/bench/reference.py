"""Attention as its formula in torch, for all pairs at once: a peer, and in float64 the reference for all peers."""

from collections.abc import Sequence

import torch
from torch import Tensor

from heedful.bench.case import Case, Workload

_MAX_NUMBERS = 1 << 25
"""The largest number of entries of the reference's tensors; in longer cases only some queries are checked."""


def reference_attention(work: Workload, tensors: Sequence[Tensor], position_of_query: Tensor) -> Tensor:
    """The contexts of queries whose positions among the keys are `position_of_query` ``[T]``."""
    query, key, value = tensors
    x, y = work.features(query, key)
    if work.weight is None:
        scores = work.scale * (x @ y.transpose(-1, -2))
    else:
        scores = torch.tanh(x.unsqueeze(-2) + y.unsqueeze(-3)) @ work.weight.to(x.dtype)
    visible, gate = visible_and_gate(work, query, position_of_query, keys=key.shape[-2])
    if visible is not None:
        scores = scores.masked_fill(~visible, -torch.inf)
    weights = torch.softmax(scores, dim=-1)
    return (weights if gate is None else weights * gate.to(weights.dtype)) @ value


def visible_and_gate(
    work: Workload, query: Tensor, position_of_query: Tensor, *, keys: int
) -> tuple[Tensor | None, Tensor | None]:
    """Which keys queries may attend to, and the gate of their weights: ``[.., T, S]`` each, or None."""
    position = torch.arange(keys, device=query.device)
    visible = None
    if work.banded:
        away = position - position_of_query.unsqueeze(-1)
        limits = [away >= -work.left] if work.left is not None else []
        limits += [away <= work.right] if work.right is not None else []
        visible = limits[0] if len(limits) == 1 else limits[0] & limits[1]
    if work.centre is None:
        return visible, None
    away = position - work.centre(query).unsqueeze(-1)
    near = away.detach().abs() <= work.radius
    return near if visible is None else near & visible, torch.exp(-0.5 * (away / (work.radius / 2)) ** 2)


def positions(case: Case) -> Tensor:
    """The positions of the queries of a case among its keys; the last query is at the last key."""
    queries = case.shape[-2]
    return torch.arange(case.keys - queries, case.keys, device=case.device)


def largest_error(case: Case, tensors: Sequence[Tensor], contexts: Tensor) -> float:
    """The largest error of a case's contexts against float64, at as many of its queries as memory allows."""
    width = 1 if case.work.weight is None else case.shape[-1]
    queries = case.shape[-2]
    checked = max(1, min(queries, _MAX_NUMBERS // max(1, case.pairs // queries * width)))
    rows = torch.linspace(0, queries - 1, checked, device=case.device).round().long()
    query, key, value = (tensor.detach().double() for tensor in tensors)
    query = query[..., rows, :]
    exact = reference_attention(case.work, (query, key, value), positions(case)[rows])
    errors = (contexts.detach()[..., rows, :] - exact).abs()[well_defined(case.work, query)]
    return float(errors.nan_to_num(nan=torch.inf).max()) if errors.numel() else 0.0


def well_defined(work: Workload, query: Tensor) -> Tensor:
    """Which queries have a unique result, ``[*B, T]``.

    If a predicted window ends within rounding of a key, the last bit decides whether that key is inside. All other
    queries have a unique result.
    """
    if work.centre is None:
        return torch.ones(query.shape[:-1], dtype=torch.bool, device=query.device)
    edge = (work.centre(query.detach().double()) - work.radius) % 1
    return (edge > 0.01) & (edge < 0.99)
