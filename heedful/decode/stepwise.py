"""What search asks of a model: to start from a memory, and to take one step.

Search never sees what the memory was read from. The caller encodes a text, a picture or a recording first, and
passes on what the encoder gave; search only picks rows of it.
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
    """A model that says one token at a time; memory and state are any nests of tensors with rows along axis 0.

    It is searched in the mode it is in: call `eval` first, or dropout takes part.
    """

    def start(self, memory: Any, /) -> Any:
        """The state before the first token."""
        ...

    def step(self, token: Tensor, state: Any, memory: Any, /) -> Step:
        """Read one token a row ``[B]`` (BOS first); return the logits of the next one and the state after it."""
        ...


@runtime_checkable
class Sharing(Protocol):
    """A model whose step lines up k consecutive rows of tokens with one row of memory, so that none is copied."""

    def share(self, memory: Any, size: int, /) -> Any:
        """The memory that serves `size` rows of tokens for each of its own."""
        ...


@runtime_checkable
class Masked(Protocol):
    """A memory that says which of its positions are real."""

    @property
    def keep(self) -> Bool[Tensor, "B S"] | None:
        """True where there is something to look at; None: everywhere."""
        ...


def first_tensor(nest: Any) -> Tensor:
    """The first tensor of a nest: its axis 0 counts the rows of all of them, and its device is that of all.

    Raises: ValueError, when there is none.
    """
    found = next(_tensors(nest), None)
    if found is None:
        raise ValueError(f"a memory of type {type(nest).__name__} has no tensor in it: expected what `encode` returns.")
    return found


def output_limits(memory: Any, max_length: int | Int[Tensor, " _"]) -> Int[Tensor, " B"]:
    """The greatest number of tokens of each row's output, EOS included: `max_length` itself, or one number for all.

    Raises: ValueError, when a limit is below 1, or there is not one for each row.
    """
    like = first_tensor(memory)
    limits = torch.as_tensor(max_length, device=like.device)
    if limits.numel() and int(limits.min()) < 1:
        raise ValueError(f"max_length is {max_length}, expected at least 1: EOS counts as one token.")
    if limits.ndim and limits.shape[0] != like.shape[0]:
        raise ValueError(
            f"{like.shape[0]} rows of memory but {limits.shape[0]} limits in max_length: give one for each."
        )
    return limits.expand(like.shape[0])


def log_probabilities(logits: Float[Tensor, "B V"]) -> Float[Tensor, "B V"]:
    """The log-probability of every next token, in float32; PAD and BOS are never said."""
    result = torch.log_softmax(logits, dim=-1, dtype=torch.float32)
    result[:, PAD] = -torch.inf
    result[:, BOS] = -torch.inf
    return result


def first_tokens(like: Int[Tensor, " B"]) -> Int[Tensor, " B"]:
    """BOS for every row."""
    return torch.full_like(like, BOS, dtype=torch.long)


def _tensors(nest: Any) -> Iterator[Tensor]:
    """All tensors of a nest, in order: the same kinds of nest that `heedful.shapes.take_rows` picks rows of."""
    if isinstance(nest, Tensor):
        yield nest
    elif isinstance(nest, (tuple, list)):
        for item in nest:
            yield from _tensors(item)
    elif isinstance(nest, dict):
        yield from _tensors(list(nest.values()))
    elif dataclasses.is_dataclass(nest) and not isinstance(nest, type):
        yield from _tensors([getattr(nest, entry.name) for entry in dataclasses.fields(nest)])
