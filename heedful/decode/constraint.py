"""Constraints on the output of a search: which tokens may come next, given the tokens so far."""

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from heedful.shapes import take_rows


@runtime_checkable
class Constraint(Protocol):
    """A rule that every output satisfies, whatever the model's probabilities.

    The state is any nested structure of tensors with rows along axis 0, like a model's; search reorders it with the
    outputs. What the rule needs of the input, such as its number of words, is passed to its constructor. Search also
    calls it for outputs of log-probability minus infinity, which broke the rule; its answer for them does not matter.
    Every allowed output must be able to end with EOS within its limit.
    """

    def start(self, limits: Tensor, /) -> Any:
        """The state before the first token; `limits` ``[B]`` are the greatest lengths of the outputs, with EOS."""
        ...

    def allowed(self, state: Any, /) -> Tensor:
        """Which tokens may come next, boolean ``[R, V]``; at least one in each row that satisfies the rule."""
        ...

    def advance(self, state: Any, token: Tensor, /) -> Any:
        """The state after one token per row, ``[R]``."""
        ...


@dataclass(frozen=True)
class Rule:
    """A constraint and its state during a search."""

    constraint: Constraint
    state: Any

    def restrict(self, log_probability: Float[Tensor, "R V"]) -> Float[Tensor, "R V"]:
        """The log-probabilities of allowed tokens, unchanged, and minus infinity for all other tokens."""
        # They are not normalised again: a score remains the model's probability of the output.
        return log_probability.masked_fill(~self.constraint.allowed(self.state), -torch.inf)

    def grow(self, rows: Int[Tensor, " R"], token: Int[Tensor, " R"]) -> "Rule":
        """The rule after the outputs in `rows` were extended by one token each."""
        return Rule(self.constraint, self.constraint.advance(take_rows(self.state, rows), token))


class Unconstrained:
    """No constraint: all tokens are allowed."""

    def restrict(self, log_probability: Tensor) -> Tensor:
        """The log-probabilities, unchanged."""
        return log_probability

    def grow(self, rows: Tensor, token: Tensor) -> "Unconstrained":
        """Itself: there is no state."""
        return self


def begin_rule(constraint: Constraint | None, limits: Int[Tensor, " B"]) -> Rule | Unconstrained:
    """The rule before the first token.

    Raises: ValueError, when the constraint cannot be satisfied within the limits.
    """
    return Unconstrained() if constraint is None else Rule(constraint, constraint.start(limits))
