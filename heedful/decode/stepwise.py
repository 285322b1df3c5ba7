"""The interface between search and models: start from a memory, and take one step.

Search does not use the input itself. The caller encodes a text, a picture or a recording, and passes the result;
search only takes rows of it.
"""

import dataclasses
from collections.abc import Iterator
from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from heedful.layer.step import Step
from heedful.shapes import BOS, PAD


@runtime_checkable
class Stepwise(Protocol):
    """A model that is decoded step by step.

    Memory and state are any nested structures of tensors with rows along axis 0. Search does not change the model's
    mode: call `eval` first, or dropout is active.
    """

    def start(self, memory: Any, /) -> Any:
        """The state before the first token."""
        ...

    def step(self, token: Tensor, state: Any, memory: Any, /) -> Step:
        """Read one token per row ``[B]`` (BOS first); return the logits of the next token and the state after it."""
        ...


@runtime_checkable
class Sharing(Protocol):
    """A model whose step accepts k consecutive rows of tokens for each row of memory, which is then not repeated."""

    def share(self, memory: Any, size: int, /) -> Any:
        """The memory for steps with `size` rows of tokens for each row of memory."""
        ...


@runtime_checkable
class Masked(Protocol):
    """A memory with a mask of its real positions."""

    @property
    def keep(self) -> Bool[Tensor, "B S"] | None:
        """True for real positions; None: all are real."""
        ...


def first_tensor(nest: Any) -> Tensor:
    """The first tensor of a nested structure, which tells the number of rows and the device of all tensors in it.

    Raises: ValueError, when there is none.
    """
    tensor = next(_tensors(nest), None)
    if tensor is None:
        raise ValueError(f"a memory of type {type(nest).__name__} has no tensor in it: expected what `encode` returns.")
    return tensor


def output_limits(memory: Any, max_length: int | Int[Tensor, " _"]) -> Int[Tensor, " B"]:
    """The largest number of tokens of each row's output, EOS included, from one number for all rows or one for each.

    Raises: ValueError, when a limit is below 1, or their number differs from that of the rows.
    """
    like = first_tensor(memory)
    limits = torch.as_tensor(max_length, device=like.device)
    if limits.numel() and int(limits.min()) < 1:
        raise ValueError(f"max_length is {max_length}, expected at least 1: EOS counts as one token.")
    if limits.ndim and limits.shape[0] != like.shape[0]:
        raise ValueError(
            f"{like.shape[0]} rows of memory but {limits.shape[0]} limits in max_length: expected one per row."
        )
    return limits.expand(like.shape[0])


def log_probabilities(logits: Float[Tensor, "B V"]) -> Float[Tensor, "B V"]:
    """The log-probability of every next token, in float32; PAD and BOS, which are no output, get minus infinity."""
    result = torch.log_softmax(logits, dim=-1, dtype=torch.float32)
    result[:, PAD] = -torch.inf
    result[:, BOS] = -torch.inf
    return result


def first_tokens(like: Int[Tensor, " B"]) -> Int[Tensor, " B"]:
    """BOS for every row."""
    return torch.full_like(like, BOS, dtype=torch.long)


def _tensors(nest: Any) -> Iterator[Tensor]:
    """All tensors of a nested structure, in order; it may consist of the same types as in `take_rows`."""
    if isinstance(nest, Tensor):
        yield nest
    elif isinstance(nest, (tuple, list)):
        for item in nest:
            yield from _tensors(item)
    elif isinstance(nest, dict):
        yield from _tensors(list(nest.values()))
    elif dataclasses.is_dataclass(nest) and not isinstance(nest, type):
        yield from _tensors([getattr(nest, entry.name) for entry in dataclasses.fields(nest)])
