"""Which keys each query may see, as kernels understand it: an interval, and perhaps a gate.

Every region of the literature is an interval of keys per query. Intervals known before any tensor is read
(causal, window) are kept as two integers, the band, so that engines can skip whole blocks without waiting for the
device; the others (padding, predicted, a window around a centre) are tensors.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from heedful.shapes import broadcast_shape


@dataclass(frozen=True)
class Gaussian:
    """Multiplies the weights after the softmax: ``exp(-(s - centre)^2 / (2 deviation^2))``.

    Source: Luong et al. 2015, eq. 10 (arXiv:1508.04025). The product is not normalised again.
    """

    centre: Float[Tensor, "*B T"]
    deviation: float

    def weights(self, rows: slice, keys: slice) -> Float[Tensor, "*B t s"]:
        """The gate for a block of queries and keys."""
        centre = self.centre[..., rows].unsqueeze(-1)
        position = torch.arange(keys.start, keys.stop, device=centre.device, dtype=centre.dtype)
        return torch.exp(-0.5 * ((position - centre) / self.deviation) ** 2)


@dataclass(frozen=True)
class Bounds:
    """The keys each of `queries` queries may see among `keys` keys.

    `left` and `right` are the band: key ``s`` is seen by query ``t`` when ``-left <= s - (t + S - T) <= right``
    (None = no limit), so that the last query stands at the last key. `start` and `stop` narrow it further,
    row by row; `gates` shrink weights.
    """

    queries: int
    keys: int
    left: int | None = None
    right: int | None = None
    start: Int[Tensor, "*#B #T"] | None = None
    stop: Int[Tensor, "*#B #T"] | None = None
    gates: tuple[Gaussian, ...] = ()

    def __and__(self, other: "Bounds") -> "Bounds":
        """The keys that both allow, with the gates of both."""
        return Bounds(
            self.queries,
            self.keys,
            left=_tighter(self.left, other.left),
            right=_tighter(self.right, other.right),
            start=_combine(torch.maximum, self.start, other.start),
            stop=_combine(torch.minimum, self.stop, other.stop),
            gates=self.gates + other.gates,
        )

    @property
    def unbounded(self) -> bool:
        """Whether every query may see every key (gates aside)."""
        return self.left is None and self.right is None and not self.dynamic

    @property
    def dynamic(self) -> bool:
        """Whether tensors, and not the band alone, bound the keys."""
        return self.start is not None or self.stop is not None

    @property
    def causal(self) -> bool:
        """Whether this is the causal region and nothing else."""
        return self.left is None and self.right == 0 and not self.dynamic

    def key_range(self, rows: slice) -> slice:
        """The keys that a block of queries may see by the band alone: known without reading a tensor."""
        # The last query stands at the last key, so query t stands at key t + offset.
        offset = self.keys - self.queries
        first = 0 if self.left is None else min(max(0, rows.start + offset - self.left), self.keys)
        last = self.keys if self.right is None else min(self.keys, rows.stop + offset + self.right)
        # Where there are more queries than keys, `last` can be negative: an empty slice must still be a valid one.
        return slice(first, max(first, last))

    def visible(self, rows: slice, keys: slice, device: torch.device) -> Bool[Tensor, "*#B t s"] | None:
        """Which pairs of a block are allowed; None when all of them are."""
        position = torch.arange(keys.start, keys.stop, device=device)
        conditions: list[Tensor] = []
        if self.left is not None or self.right is not None:
            aligned = torch.arange(rows.start, rows.stop, device=device).unsqueeze(-1) + (self.keys - self.queries)
            if self.left is not None:
                conditions.append(position >= aligned - self.left)
            if self.right is not None:
                conditions.append(position <= aligned + self.right)
        if self.start is not None:
            conditions.append(position >= _rows(self.start, rows).unsqueeze(-1))
        if self.stop is not None:
            conditions.append(position < _rows(self.stop, rows).unsqueeze(-1))
        return _all(conditions)

    def intervals(self, device: torch.device) -> tuple[Int[Tensor, "*#B T"], Int[Tensor, "*#B T"]]:
        """The same as tensors: the first key and the key after the last, for every query, within ``[0, S]``."""
        aligned = torch.arange(self.queries, device=device) + (self.keys - self.queries)
        start = torch.zeros_like(aligned) if self.left is None else aligned - self.left
        stop = torch.full_like(aligned, self.keys) if self.right is None else aligned + self.right + 1
        start = start if self.start is None else torch.maximum(start, self.start)
        stop = stop if self.stop is None else torch.minimum(stop, self.stop)
        start, stop = start.clamp(0, self.keys), stop.clamp(0, self.keys)
        # An intersection can be empty with stop < start; kernels and counts rely on stop >= start.
        return start, torch.maximum(start, stop)

    def seen(self, keep: Bool[Tensor, "*#B _ S"] | None, device: torch.device) -> Bool[Tensor, "*#B S"] | None:
        """Which keys at least one query may see; None when that is all of them."""
        # A mask of every pair is O(T S) already, so asking every pair costs nothing more.
        if keep is not None and keep.shape[-2] != 1:
            everything = slice(0, self.queries), slice(0, self.keys)
            return _both(self.visible(*everything, device), keep).any(-2)
        # None where all keys are covered: the caller then skips a copy of the whole memory.
        covered = None if self._covers_all_keys else self._covered(device)
        return covered if keep is None else _both(covered, keep.squeeze(-2))

    def occupied(self, keep: Bool[Tensor, "*#B _ S"] | None, device: torch.device) -> Bool[Tensor, "*#B T"] | None:
        """Which queries may see at least one key; None when that is all of them."""
        if keep is None and self._covers_all_queries:
            return None
        if keep is not None and self.unbounded:
            return keep.any(-1)
        if keep is not None and keep.shape[-2] != 1:
            everything = slice(0, self.queries), slice(0, self.keys)
            return _both(self.visible(*everything, device), keep).any(-1)
        # With one mask for all queries, the kept keys of an interval are a difference of two running counts.
        start, stop = self.intervals(device)
        return stop > start if keep is None else _kept_before(keep, stop) > _kept_before(keep, start)

    @property
    def _covers_all_keys(self) -> bool:
        """Whether every key is surely seen by some query: no tensors bound it, and the band spans the keys."""
        if self.dynamic:
            return False
        reach_left = 0 if self.left is None else self.keys - self.queries - self.left
        return self.queries > 0 and reach_left <= 0

    @property
    def _covers_all_queries(self) -> bool:
        """Whether every query surely sees some key."""
        if self.dynamic or self.keys == 0:
            return False
        return self.right is None or self.queries <= self.keys + self.right

    def _covered(self, device: torch.device) -> Bool[Tensor, "*#B S"]:
        """The union of the intervals, in O(T + S)."""
        # +1 where an interval starts and -1 where it stops: the running sum counts the intervals that cover a key.
        start, stop = torch.broadcast_tensors(*self.intervals(device))
        steps = torch.zeros(*start.shape[:-1], self.keys + 1, dtype=torch.long, device=device)
        # Not in place: under vmap the intervals have an axis that these zeros have not.
        steps = steps.scatter_add(-1, start, torch.ones_like(start)).scatter_add(-1, stop, -torch.ones_like(stop))
        return steps[..., :-1].cumsum(-1) > 0


def _kept_before(keep: Tensor, position: Tensor) -> Tensor:
    """How many of the keys before each position are kept: O(T + S), where a mask of every pair would be O(T S)."""
    counts = torch.nn.functional.pad(keep.squeeze(-2).cumsum(-1), (1, 0))
    batch = broadcast_shape(counts.shape[:-1], position.shape[:-1])
    return counts.expand(*batch, -1).gather(-1, position.expand(*batch, -1))


def _rows(tensor: Tensor, rows: slice) -> Tensor:
    """A block of queries, of a tensor whose query axis may be 1 (the same for all)."""
    return tensor if tensor.shape[-1] == 1 else tensor[..., rows]


def _tighter(first: int | None, second: int | None) -> int | None:
    # Spelt out: torch.compile cannot trace min(..., default=...).
    if first is None or second is None:
        return second if first is None else first
    return min(first, second)


def _combine(operation, first: Tensor | None, second: Tensor | None) -> Tensor | None:  # pyright: ignore
    if first is None or second is None:
        return second if first is None else first
    return operation(first, second)


def _both(first: Tensor | None, second: Tensor) -> Tensor:
    return second if first is None else first & second


def _all(conditions: list[Tensor]) -> Tensor | None:
    result = None
    for condition in conditions:
        result = condition if result is None else result & condition
    return result
