"""Attention in plain torch at the precision of its inputs, with autograd: the formulas as anyone would write them.

It sets the error budget of the engines (`heedful.testing.tolerance`), and in float64 it gives the exact gradients.
Everything is materialised. Which pairs are visible, and the support of sparse choices, come from the oracle.
"""

import numpy as np
import torch
from torch import Tensor

from heedful.attention import ScoreLike
from heedful.attention.problem import AttentionSpec
from heedful.choice import Choice, Entmax15, Soft, Sparse, Sparsemax
from heedful.region import Predicted
from heedful.score import Additive, Concat, Cosine, Dot, General, Location
from heedful.testing import exact


def attend(query: Tensor, key: Tensor, value: Tensor, *, spec: AttentionSpec) -> Tensor:
    """The context ``[*B, T, V]``, in the dtype of the inputs."""
    return align(query, key, spec).to(value.dtype) @ value


def align(query: Tensor, key: Tensor, spec: AttentionSpec) -> Tensor:
    """The weights ``[*B, T, S]``, in the dtype of the inputs (those of a gate in at least float32)."""
    return weights_of(scores_of(query, key, spec.score), query, key, spec=spec)


def weights_of(scores: Tensor, query: Tensor, key: Tensor, *, spec: AttentionSpec) -> Tensor:
    """The weights that these scores are given."""
    allowed = torch.from_numpy(exact.visible_and_gate(query, key, spec)[0])
    support = torch.from_numpy(exact.align(query, key, spec) > 0)
    weights = _weigh(scores.expand(allowed.shape), allowed, support, spec.choice)
    for region in exact.intersected(spec.region):
        if isinstance(region, Predicted):
            weights = weights * _gate(region, query, key, spec)
    return weights


def scores_of(query: Tensor, key: Tensor, score: ScoreLike) -> Tensor:
    """The scores, in shapes that broadcast to ``[*B, T, S]``."""
    match score:
        case Dot():
            scores = query @ key.mT * (query.shape[-1] ** -0.5 if score.scale is None else score.scale)
        case General():
            scores = query @ score.weight @ key.mT
        case Cosine():
            lengths = query.norm(dim=-1, keepdim=True) * key.norm(dim=-1).unsqueeze(-2)
            scores = query @ key.mT / lengths * score.temperature
        case Concat():
            scores = (query @ score.query_weight).unsqueeze(-1) + (key @ score.key_weight).unsqueeze(-2)
        case Additive():
            x, y = score.query_projection(query), score.key_projection(key)
            scores = torch.tanh(x.unsqueeze(-2) + y.unsqueeze(-3)) @ score.weight
        case Location():
            scores = query @ score.weight[: key.shape[-2]].mT
        case _:
            scores = score(query, key)
    return scores


def _weigh(scores: Tensor, allowed: Tensor, support: Tensor, choice: Choice) -> Tensor:
    """Closed forms over a known support: gradients flow as they do through the real thing."""
    size = support.sum(-1, keepdim=True).clamp(min=1)
    inside = torch.where(support, scores, 0.0)
    if isinstance(choice, Soft):
        return _softmax(scores / choice.temperature, allowed)
    if isinstance(choice, Sparse) and isinstance(choice.rule, Sparsemax):
        tau = (inside.sum(-1, keepdim=True) - 1) / size
        return torch.where(support, scores - tau, 0.0)
    if isinstance(choice, Sparse) and isinstance(choice.rule, Entmax15):
        mean = inside.sum(-1, keepdim=True) / size / 2
        deviation = torch.where(support, scores / 2 - mean, 0.0).square().sum(-1, keepdim=True)
        tau = mean - ((1 - deviation) / size).sqrt()
        return torch.where(support, (scores / 2 - tau).square(), 0.0)
    if isinstance(choice, Sparse):
        return _softmax(scores, support)
    return support.to(scores.dtype)


def _softmax(scores: Tensor, allowed: Tensor) -> Tensor:
    filled = scores.masked_fill(~allowed, torch.finfo(scores.dtype).min)
    return torch.softmax(filled, dim=-1).masked_fill(~allowed, 0.0)


def _gate(region: Predicted, query: Tensor, key: Tensor, spec: AttentionSpec) -> Tensor:
    """The Gaussian of local-p, from float32 on: half precision cannot count positions to 257."""
    keys, vectors = key.shape[-2], (query, region.projection.weight, region.weight)
    half = query.dtype in (torch.float16, torch.bfloat16)
    query, matrix, vector = (each.float() if half else each for each in vectors)
    share = torch.sigmoid(torch.tanh(query @ matrix.mT) @ vector)
    last = torch.from_numpy(np.maximum(exact.real_keys(query, key, spec) - 1, 0)[..., None]).to(share.dtype)
    position = torch.arange(keys, dtype=share.dtype)
    return torch.exp(-2 * ((position - (share * last).unsqueeze(-1)) / region.radius).square())
