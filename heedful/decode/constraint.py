"""What search may say next: a rule that is asked before every token and told the token after."""

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from heedful.shapes import take_rows


@runtime_checkable
class Constraint(Protocol):
    """A rule that every output keeps, whatever the model would say.

    Its state is any nest of tensors with rows along axis 0, as a model's is: search reorders it with the outputs. It
    is asked about outputs of log-probability minus infinity, too, which broke the rule; what it says of them does not
    matter. Every output that it allows must be able to end, by EOS, within `longest` tokens.
    """

    def start(self, source: Tensor, lengths: Tensor, longest: int, /) -> Any:
        """The state before the first token, of sources ``[B, S]`` with EOS and their lengths; EOS counts as a token."""
        ...

    def allowed(self, state: Any, /) -> Tensor:
        """Which tokens may come next, ``[R, V]`` of booleans, at least one in each row that kept the rule."""
        ...

    def advance(self, state: Any, token: Tensor, /) -> Any:
        """The state after one token ``[R]`` a row."""
        ...


@dataclass(frozen=True)
class Rule:
    """A constraint on its way through a search: what it allows now, and how it goes on."""

    constraint: Constraint
    state: Any

    def restrict(self, log_probability: Float[Tensor, "R V"]) -> Float[Tensor, "R V"]:
        """The log-probabilities of what is allowed, as they were; minus infinity for everything else."""
        return log_probability.masked_fill(~self.constraint.allowed(self.state), -torch.inf)

    def grow(self, rows: Int[Tensor, " R"], token: Int[Tensor, " R"]) -> "Rule":
        """After some rows have said one token each."""
        return Rule(self.constraint, self.constraint.advance(take_rows(self.state, rows), token))


class Free:
    """No rule at all: nothing is changed, nothing is kept."""

    def restrict(self, log_probability: Tensor) -> Tensor:
        """The log-probabilities themselves."""
        return log_probability

    def grow(self, rows: Tensor, token: Tensor) -> "Free":
        """The same."""
        return self


def begin_rule(constraint: Constraint | None, source: Tensor, lengths: Tensor, *, longest: int) -> Rule | Free:
    """What holds before the first token.

    Raises: ValueError, when the constraint cannot be kept within `longest` tokens.
    """
    return Free() if constraint is None else Rule(constraint, constraint.start(source, lengths, longest))
