"""heedful's objects translated for the NumPy oracle: the exact result of any `attend` or `align`.

Only parameters and settings are read from a score, a region or a choice; none of their code runs. A user's callable has
no other definition than itself, so it is called, in float64.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from heedful.attention import ScoreLike
from heedful.attention.problem import AttentionSpec
from heedful.choice import Argmax, Choice, Entmax15, Hard, Soft, Sparse, Sparsemax, TopK
from heedful.deprecation import Renamed, deprecated_attribute
from heedful.region import Causal, Everywhere, Intersection, Padding, Predicted, Region, Window
from heedful.score import Additive, Concat, Cosine, Dot, General, Location
from heedful.testing import oracle
from heedful.testing.oracle import Array, Pair, Rule

_RENAMED = {"Words": Renamed("heedful.attention.problem:AttentionSpec", "heedful.attention.problem.AttentionSpec")}


def align(query: Tensor, key: Tensor, spec: AttentionSpec) -> Array:
    """The exact weights ``[*B, T, S]``."""
    visible, gate = visible_and_gate(query, key, spec)
    scores, rule = _scores(query, key, spec.score, visible.shape[:-2]), rule_of(spec.choice)
    weights = np.zeros(visible.shape)
    for index in np.ndindex(visible.shape[:-2]):
        weights[index] = oracle.align(scores[index], visible[index], rule, gate=gate[index])
    return weights


def attend(query: Tensor, key: Tensor, value: Tensor, *, spec: AttentionSpec) -> Array:
    """The exact context ``[*B, T, V]``."""
    weights, values = align(query, key, spec), _array(value)
    context = np.zeros((*weights.shape[:-1], values.shape[-1]))
    for index in np.ndindex(weights.shape[:-2]):
        context[index] = oracle.attend(weights[index], _pick(values, index, 2))
    return context


def softmax_facts(query: Tensor, key: Tensor, spec: AttentionSpec) -> tuple[Array, Array]:
    """``log softmax`` of the visible scores ``[*B, T, S]``, and its entropy ``[*B, T]``."""
    visible, _ = visible_and_gate(query, key, spec)
    scores = _scores(query, key, spec.score, visible.shape[:-2])
    logs, entropies = np.zeros(visible.shape), np.zeros(visible.shape[:-1])
    for index in np.ndindex(visible.shape[:-2]):
        logs[index] = oracle.log_probability(scores[index], visible[index])
        entropies[index] = oracle.entropy(scores[index], visible[index])
    return logs, entropies


def visible_and_gate(query: Tensor, key: Tensor, spec: AttentionSpec) -> tuple[np.ndarray, Array]:
    """Which pairs may be weighed, and the factor by which the region gates their weights: both ``[*B, T, S]``."""
    visible = _kept(query, key, spec.keep).copy()
    gate, real = np.ones(visible.shape), real_keys(query, key, spec)
    for index in np.ndindex(visible.shape[:-2]):
        row = _Row(_pick(_array(query), index, 2), key.shape[-2], int(real[index]), index)
        for region in intersected(spec.region):
            allowed, factor = _visible_and_gate(region, row)
            visible[index] &= allowed
            gate[index] *= factor
    return visible, gate


def real_keys(query: Tensor, key: Tensor, spec: AttentionSpec) -> np.ndarray:
    """How many keys each row has, up to the last one that `keep` or `Padding` leaves to any query: ``[*B]``."""
    kept = _kept(query, key, spec.keep)
    real = np.zeros(kept.shape[:-2], int)
    for index in np.ndindex(real.shape):
        last = key.shape[-2]
        if spec.keep is not None:
            last = max((s + 1 for s in range(last) if kept[index][:, s].any()), default=0)
        lengths = [part.row_lengths.numpy() for part in intersected(spec.region) if isinstance(part, Padding)]
        real[index] = min([last, *(int(_pick(length, index, 0)) for length in lengths)])
    return real


def intersected(region: Region) -> list[Region]:
    """The regions that ``&`` has intersected."""
    return [*intersected(region.first), *intersected(region.second)] if isinstance(region, Intersection) else [region]


def rule_of(choice: Choice) -> Rule:
    """What a choice does to the scores of the visible keys. A sampled choice has no exact result."""
    match choice:
        case Soft():
            return oracle.softmax(choice.temperature)
        case Hard(draw=Argmax()):
            return oracle.argmax
        case Sparse(rule=Sparsemax()):
            return oracle.sparsemax
        case Sparse(rule=Entmax15()):
            return oracle.entmax15
        case Sparse(rule=TopK(k=k)):
            return oracle.topk(k)
        case _:
            raise TypeError(f"the oracle has no exact result for {choice}: expected Soft, Sparse or Hard(Argmax()).")


@dataclass(frozen=True)
class _Row:
    """One row of a batch: its queries, how many keys it has, how many of them are real, and its batch index."""

    query: Array
    keys: int
    length: int
    index: tuple[int, ...]


def _visible_and_gate(region: Region, row: _Row) -> tuple[np.ndarray, Array]:
    queries, keys = len(row.query), row.keys
    no_gate = np.ones((queries, keys))
    match region:
        case Everywhere():
            return oracle.everywhere(queries, keys), no_gate
        case Causal():
            return oracle.causal(queries, keys), no_gate
        case Window(centre=None):
            return oracle.window(queries, keys, region.radius), no_gate
        case Window(centre=Tensor() as centre):
            centres = np.broadcast_to(_pick(centre.numpy(), row.index, 1), (queries,))
            return oracle.window(queries, keys, region.radius, centre=centres), no_gate
        case Padding():
            return oracle.padding(queries, keys, int(_pick(region.row_lengths.numpy(), row.index, 0))), no_gate
        case Predicted():
            centre = _centre(region, row)
            return oracle.window(queries, keys, region.radius, centre=centre), oracle.gaussian(
                keys, centre, region.radius
            )
        case _:
            raise TypeError(f"the oracle does not know the region {region}: expected one of heedful.region.")


def _centre(region: Predicted, row: _Row) -> Array:
    """``p_t = (length - 1) / (1 + e^(-v . tanh(W q_t)))``."""
    weight, vector = _array(region.projection.weight), _array(region.weight)
    share = [1 / (1 + np.exp(-(vector @ np.tanh(weight @ query)))) for query in row.query]
    return np.array(share, np.float64) * max(0, row.length - 1)


def _kept(query: Tensor, key: Tensor, keep: Tensor | None) -> np.ndarray:
    """`keep` for every pair, ``[*B, T, S]``."""
    kept = np.ones((1, key.shape[-2]), bool) if keep is None else keep.numpy()
    kept = kept[..., None, :] if keep is not None and kept.ndim == key.ndim - 1 else kept
    batch = np.broadcast_shapes(query.shape[:-2], key.shape[:-2], kept.shape[:-2])
    return np.broadcast_to(kept, (*batch, query.shape[-2], key.shape[-2]))


def _scores(query: Tensor, key: Tensor, score: ScoreLike, batch: tuple[int, ...]) -> Array:
    queries, keys = _array(query), _array(key)
    shape = (*batch, query.shape[-2], key.shape[-2])
    pair = _pair_of(score)
    if pair is None and not isinstance(score, Location):
        with torch.no_grad():
            return np.broadcast_to(_array(score(query.double(), key.double())), shape)
    scores = np.zeros(shape)
    for index in np.ndindex(batch):
        row_queries, row_keys = _pick(queries, index, 2), _pick(keys, index, 2)
        if isinstance(score, Location):
            scores[index] = oracle.location(row_queries, len(row_keys), _array(score.weight))
        elif pair is not None:
            scores[index] = oracle.scores(row_queries, row_keys, pair)
    return scores


def _pair_of(score: ScoreLike) -> Pair | None:
    match score:
        case Dot():
            return oracle.dot(score.scale)
        case General():
            return oracle.general(_array(score.weight))
        case Cosine():
            return oracle.cosine(score.temperature.item())
        case Concat():
            return oracle.concat(_array(score.query_weight), _array(score.key_weight))
        case Additive():
            query, key = score.query_projection, score.key_projection
            return oracle.additive(
                _array(query.weight), _array(query.bias), _array(key.weight), weight=_array(score.weight)
            )
        case _:
            return None


def _array(tensor: Tensor) -> Array:
    return tensor.detach().double().cpu().numpy()


def _pick(array: np.ndarray, index: tuple[int, ...], trailing_axes: int) -> np.ndarray:
    """The row of a batch; axes of 1 are the same for all, and a min_lengths batch lines up with the first axes."""
    axes = array.shape[: array.ndim - trailing_axes]
    return np.asarray(array[tuple(min(i, size - 1) for i, size in zip(index, axes, strict=False))])


def __getattr__(name: str) -> object:
    """Old names, with a warning (PEP 562)."""
    return deprecated_attribute(__name__, name, _RENAMED)
