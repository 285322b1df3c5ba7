"""The plain engine holds a block of queries, never a tensor of all pairs and hidden units."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from heedful.attention import attend
from heedful.choice import Soft, Sparse
from heedful.kernel import Bounds, Inner, Plain, Problem, dispatch
from heedful.region import Causal, Window
from heedful.score import Additive, Dot


class Watch(TorchDispatchMode):
    """Counts the floats alive: what every operation makes, until its storage goes."""

    def __init__(self) -> None:
        super().__init__()
        self.alive: dict[int, tuple[StorageWeakRef, int]] = {}
        self.total = self.peak = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        for leaf in tree_leaves(result):
            if isinstance(leaf, Tensor):
                self.count(leaf.untyped_storage())
        return result

    def count(self, storage: torch.UntypedStorage) -> None:
        """Take note of a storage; the dead are struck off when the sum would set a record."""
        self.total += storage.nbytes() // 4
        self.alive[storage._cdata] = (StorageWeakRef(storage), storage.nbytes() // 4)
        if self.total > self.peak:
            self.alive = {key: (ref, size) for key, (ref, size) in self.alive.items() if not ref.expired()}
            self.total = sum(size for _, size in self.alive.values())
            self.peak = max(self.peak, self.total)


def peak_floats(run: Callable[[], Tensor]) -> int:
    """The most floats alive at once, in forward and backward."""
    with Watch() as watch:
        run().sum().backward()
    return watch.peak


LENGTH, HIDDEN = 307, 61
PAIRS = LENGTH * LENGTH


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> Plain:
    """Blocks of 2^17 floats: 6 queries at a time."""
    plain = Plain(block_floats=1 << 17)
    monkeypatch.setitem(dispatch._ENGINES, "plain", plain)
    return plain


def test_additive_never_holds_all_hidden_layers(small_blocks: Plain) -> None:
    score = Additive(5, 5, HIDDEN)
    query, key = (torch.randn(LENGTH, 5, requires_grad=True) for _ in range(2))
    peak = peak_floats(lambda: attend(query, key, score=score, engine="plain"))
    assert peak < 8 * small_blocks.block_floats
    assert peak < PAIRS * HIDDEN / 5  # 5.7 million floats would hold them all


def test_the_watch_sees_what_is_not_chunked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(dispatch._ENGINES, "plain", Plain(block_floats=1 << 30))
    score = Additive(5, 5, HIDDEN)
    query, key = (torch.randn(LENGTH, 5, requires_grad=True) for _ in range(2))
    assert peak_floats(lambda: attend(query, key, score=score, engine="plain")) > PAIRS * HIDDEN


@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize("region", [Causal(), Window(7), Window(7) & Causal()])
def test_inner_scores_never_hold_all_pairs(region, padded: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(dispatch._ENGINES, "plain", Plain(block_floats=1 << 12))
    query, key = (torch.randn(1, 509, 5, requires_grad=True) for _ in range(2))
    keep = torch.arange(509).unsqueeze(0) < 499 if padded else None
    peak = peak_floats(
        lambda: attend(query, key, score=Dot(), region=region, choice=Sparse(), keep=keep, engine="plain")
    )
    assert peak < 509 * 509 / 4


@pytest.mark.slow
def test_four_thousand_by_four_thousand() -> None:
    score = Additive(5, 5, 64)
    query, key = (torch.randn(4096, 5) for _ in range(2))
    with torch.no_grad(), Watch() as watch:
        attend(query, key, score=score)
    assert watch.peak < 8 * Plain().block_floats  # T * S * 64 would be 1,074 million, this is 67
    assert watch.peak < 4096 * 4096 * 64 / 15


def test_blocks_cover_the_queries_once() -> None:
    for queries, keys, size in ((0, 3, 8), (1, 3, 8), (7, 3, 8), (7, 0, 8), (7, 3, 1 << 20)):
        problem = Problem(Inner(), torch.zeros(queries, 2), torch.zeros(keys, 2), Bounds(queries, keys), Soft())
        blocks = list(Plain(size)._blocks(problem))
        assert [t for rows in blocks for t in range(rows.start, rows.stop)] == list(range(queries))
        assert len(blocks) >= 1
