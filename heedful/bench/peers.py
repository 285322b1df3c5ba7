"""The peers that are timed: whether each is installed, how it computes a case, and how much memory it needs."""

import importlib.util
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention
from torch.utils.checkpoint import checkpoint

from heedful.bench import libraries
from heedful.bench.case import Attend, Case
from heedful.bench.implementation import Implementation, four_axes
from heedful.bench.reference import positions, reference_attention, visible_and_gate

OURS = "ours"
_BLOCK_FLOATS = 1 << 24


@dataclass(frozen=True)
class Peer:
    """An implementation of attention that is timed beside ours.

    `missing` returns None if the peer is installed, else the reason and what to do. `implement` returns its
    implementation of a case, or the reason why there is none. `floats` returns the smallest number of floats that it
    holds at once, by which long cases are skipped before memory runs out.
    """

    what: str
    missing: Callable[[], str | None]
    implement: Callable[[Case], Implementation | str]
    floats: Callable[[Case], int]


def _always_available() -> None:
    """Nothing is missing: the peer is part of torch or heedful."""


def _package(*modules: str) -> Callable[[], str | None]:
    def missing() -> str | None:
        absent = [name for name in modules if importlib.util.find_spec(name) is None]
        return f"not installed: pip install {' '.join(name.replace('_', '-') for name in absent)}" if absent else None

    return missing


def _keras_missing() -> str | None:
    backend = os.environ.get("KERAS_BACKEND", "torch")
    if backend != "torch":
        return f"KERAS_BACKEND is {backend!r} here: unset it, or set it to torch"
    return _package("keras")()


def _compiler_missing() -> str | None:
    """Whether the C++ compiler is missing that torch.compile needs on a CPU; on a GPU it uses Triton."""
    if torch.cuda.is_available():
        return None
    compiler = os.environ.get("CXX") or {"darwin": "clang++", "win32": "cl"}.get(sys.platform, "g++")
    if shutil.which(compiler):
        return None
    return f"needs a C++ compiler and finds no {compiler!r}: install one, or set CXX"


def _ours(case: Case) -> Implementation:
    return Implementation(case.work.ours("auto"))


def _plain(case: Case) -> Implementation:
    return Implementation(case.work.ours("plain"))


def _formula(case: Case) -> Attend:
    position = positions(case)
    return lambda *tensors: reference_attention(case.work, tensors, position)


def _eager(case: Case) -> Implementation:
    return Implementation(_formula(case))


def _compiled(case: Case) -> Implementation:
    return Implementation(torch.compile(_formula(case), dynamic=False))


def _chunked(case: Case) -> Implementation:
    """The formula over blocks of queries."""
    # In training each block is checkpointed: autograd would keep every block's intermediates, and save no memory.
    position = positions(case)
    block = max(1, _BLOCK_FLOATS // (_pair_floats(case) // case.shape[-2]))

    def part(query: Tensor, key: Tensor, value: Tensor, at: Tensor) -> Tensor:
        return reference_attention(case.work, (query, key, value), at)

    def call(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        blocks = zip(query.split(block, dim=-2), position.split(block), strict=True)
        if not torch.is_grad_enabled():
            return torch.cat([part(rows, key, value, at) for rows, at in blocks], dim=-2)
        kept = [checkpoint(part, rows, key, value, at, use_reentrant=False) for rows, at in blocks]
        return torch.cat(kept, dim=-2)  # pyright: ignore[reportCallIssue]

    return Implementation(call)


def _sdpa(case: Case) -> Implementation:
    """SDPA of torch; where it cannot compute the case, a named substitute with as many products."""
    work = case.work
    if work.weight is not None:
        return Implementation(four_axes(scaled_dot_product_attention), substitute="dot product")
    if work.centre is not None:
        return Implementation(_sdpa_gated(case), substitute="gate inside the softmax")
    if work.banded and not work.causal:
        mask, _ = visible_and_gate(work, torch.empty(0, device=case.device), positions(case), keys=case.keys)
        call = four_axes(scaled_dot_product_attention, attn_mask=mask, scale=work.scale)
    else:
        call = four_axes(scaled_dot_product_attention, is_causal=work.causal, scale=work.scale)
    return Implementation(lambda query, key, value: call(*work.features(query, key), value))


def _sdpa_gated(case: Case) -> Attend:
    """A Gaussian as a bias inside the softmax, which is not the paper's gate: the weights are normalised after it."""
    position = positions(case)

    def call(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        visible, gate = visible_and_gate(case.work, query, position, keys=case.keys)
        assert visible is not None
        assert gate is not None
        bias = gate.log().masked_fill(~visible, -torch.inf).to(query.dtype)
        return four_axes(scaled_dot_product_attention, attn_mask=bias, scale=case.work.scale)(query, key, value)

    return call


def _flex(case: Case) -> Implementation | str:
    """FlexAttention, compiled, with a block mask where the region is a band."""
    from torch.nn.attention.flex_attention import create_block_mask, flex_attention

    work = case.work
    if work.weight is not None:
        return "it scores by inner products only"
    if work.centre is not None:
        return "it cannot gate weights after the softmax"
    mask = None
    if work.banded:
        offset = case.keys - case.shape[-2]

        def near(_batch: Tensor, _head: Tensor, query: Tensor, key: Tensor) -> Tensor:
            away = key - (query + offset)
            visible = torch.ones_like(away, dtype=torch.bool) if work.left is None else away >= -work.left
            return visible if work.right is None else visible & (away <= work.right)

        mask = create_block_mask(near, None, None, case.shape[-2], case.keys, device=str(case.device))
    compiled = torch.compile(flex_attention, dynamic=False)
    call = four_axes(compiled, block_mask=mask, scale=work.scale)
    if case.device.type != "cpu":
        return Implementation(lambda query, key, value: call(*work.features(query, key), value))

    def forward_only(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        # It refuses tensors that require gradients, even under no_grad.
        x, y = work.features(query.detach(), key.detach())
        return call(x, y, value.detach())

    return Implementation(forward_only, no_backward="FlexAttention has no backward pass on a CPU")


def _pair_floats(case: Case) -> int:
    return case.pairs * (1 if case.work.weight is None else case.shape[-1])


def _lines(case: Case) -> int:
    """The floats that grow with T + S: inputs, outputs, gradients."""
    return 8 * torch.Size(case.shape[:-2]).numel() * (case.shape[-2] + case.keys) * case.shape[-1]


def _all_pairs(case: Case) -> int:
    """Every pair's hidden layer or score, before and after the activation or softmax."""
    return _lines(case) + 2 * _pair_floats(case)


def _scores(case: Case) -> int:
    """Every pair's score, which a compiler cannot avoid to store."""
    return _lines(case) + case.pairs


def _a_block(case: Case) -> int:
    return _lines(case) + min(2 * _BLOCK_FLOATS, 2 * _pair_floats(case))


def _sdpa_floats(case: Case) -> int:
    """A mask with an entry per pair of positions, unless the region is everywhere or causal."""
    queries = case.shape[-2]
    masked = case.work.banded and not case.work.causal
    return _lines(case) + (case.pairs if case.work.centre else queries * case.keys // 4 if masked else 0)


PEERS = {
    OURS: Peer("heedful, with the engine that `auto` takes", _always_available, _ours, _lines),
    "plain": Peer("heedful's plain engine: torch over blocks of queries", _always_available, _plain, _a_block),
    "eager": Peer("the formula by hand in torch, every pair at once", _always_available, _eager, _all_pairs),
    "chunked": Peer("the formula by hand over blocks of queries", _always_available, _chunked, _a_block),
    "compile": Peer("torch.compile of the formula by hand", _compiler_missing, _compiled, _scores),
    "sdpa": Peer("torch's scaled_dot_product_attention", _always_available, _sdpa, _sdpa_floats),
    "flex": Peer("torch's FlexAttention, compiled", _compiler_missing, _flex, _lines),
    "keras": Peer("layers of Keras 3 on torch", _keras_missing, libraries.keras, _all_pairs),
    "x-transformers": Peer("x-transformers' Attend", _package("x_transformers"), libraries.x_transformers, _all_pairs),
    "x-transformers-flash": Peer(
        "x-transformers' Attend(flash=True)", _package("x_transformers"), libraries.x_transformers_flash, _lines
    ),
}
"""Peers by the names of the command line, ours first."""
