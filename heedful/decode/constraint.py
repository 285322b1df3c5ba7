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

    Its state is any nest of tensors with rows along axis 0, as a model's is: search reorders it with the outputs.
    What the rule has to know of the input (how many words it has, say) is given to the rule when it is made: search
    knows the memory alone. It is asked about outputs of log-probability minus infinity, too, which broke the rule;
    what it says of them does not matter. Every output that it allows must be able to end, by EOS, within its limit.
    """

    def start(self, limits: Tensor, /) -> Any:
        """The state before the first token; `limits` ``[B]`` are the greatest lengths of the outputs, with EOS."""
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
        """The log-probabilities of what is allowed, as they were; minus infinity for everything else.

        They are not made to sum to 1 again: a score stays the model's own probability of the output.
        """
        return log_probability.masked_fill(~self.constraint.allowed(self.state), -torch.inf)

    def grow(self, rows: Int[Tensor, " R"], token: Int[Tensor, " R"]) -> "Rule":
        """The rule after the outputs in `rows` have grown by one token each."""
        return Rule(self.constraint, self.constraint.advance(take_rows(self.state, rows), token))


class Unconstrained:
    """No rule at all: nothing is changed, nothing is kept."""

    def restrict(self, log_probability: Tensor) -> Tensor:
        """The log-probabilities themselves."""
        return log_probability

    def grow(self, rows: Tensor, token: Tensor) -> "Unconstrained":
        """The same."""
        return self


def begin_rule(constraint: Constraint | None, limits: Int[Tensor, " B"]) -> Rule | Unconstrained:
    """What holds before the first token.

    Raises: ValueError, when the constraint cannot be kept within the limits.
    """
    return Unconstrained() if constraint is None else Rule(constraint, constraint.start(limits))
