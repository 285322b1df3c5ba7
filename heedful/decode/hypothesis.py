"""What search asks of a model, and what it gives back."""

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from heedful.layer.step import Step
from heedful.shapes import BOS, PAD


@runtime_checkable
class Stepwise(Protocol):
    """A model that says one token at a time; memory and state are any nests of tensors with rows along axis 0.

    It is searched in the mode it is in: call `eval` first, or dropout takes part.
    """

    def encode(self, source: Tensor, lengths: Tensor, /) -> Any:
        """Read sources ``[B, S]``: what there is to look at, one row a sentence."""
        ...

    def start(self, memory: Any, /) -> Any:
        """The state before the first token."""
        ...

    def step(self, token: Tensor, state: Any, memory: Any, /) -> Step:
        """Say ``[B]`` tokens (BOS first); hear logits of the next, the next state, and where the model looked."""
        ...


@runtime_checkable
class Sharing(Protocol):
    """A model whose step lines up k rows of tokens in a run with one row of memory, so that none is copied."""

    def share(self, memory: Any, size: int, /) -> Any:
        """The memory that serves `size` rows of each sentence."""
        ...


@dataclass(frozen=True, eq=False)
class Hypothesis:
    """One output: `tokens` without BOS and EOS, and what the model thinks of it.

    `log_probability` is the model's own, of the tokens and of EOS unless the output was cut at the greatest length;
    `score` is what search compared, penalties included. `attention` is ``[T, S]``: for each token where the model
    looked, over the real source tokens; None for a model that does not look.
    """

    tokens: list[int]
    score: float
    log_probability: float
    attention: Float[Tensor, "T S"] | None


def log_probabilities(logits: Float[Tensor, "B V"]) -> Float[Tensor, "B V"]:
    """Of every next token, in float32; PAD and BOS are never said."""
    result = torch.log_softmax(logits, dim=-1, dtype=torch.float32)
    result[:, PAD] = -torch.inf
    result[:, BOS] = -torch.inf
    return result


def first_tokens(lengths: Int[Tensor, " B"]) -> Int[Tensor, " B"]:
    """BOS for every sentence."""
    return torch.full_like(lengths, BOS, dtype=torch.long)


def check_search(source: Int[Tensor, "B S"], lengths: Int[Tensor, " _"], max_length: int) -> None:
    """Check what every search is given.

    Raises: ValueError, when the greatest length is below 1 or sentences and lengths differ in number.
    """
    if max_length < 1:
        raise ValueError(f"max_length is {max_length}, expected at least 1: the end of a sentence counts as one.")
    if source.shape[0] != lengths.shape[0]:
        raise ValueError(f"{source.shape[0]} sources but {lengths.shape[0]} lengths: give one for each.")
