"""What a module may say of its own parameters: that they learn at another rate, and where they must lie."""

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from torch import nn

Pace = Callable[[int, int | None], float]
"""From the steps done, and all there will be (None where nobody knows beforehand), to the rate of the next step."""


@runtime_checkable
class Paced(Protocol):
    """A module whose own parameters, not those of modules inside it, learn at `pace`; None: as all others do.

    They do not decay. A pace of 0 freezes them. It must be a pure function, so that a resumed run goes on exactly.
    """

    @property
    def pace(self) -> Pace | None: ...


@runtime_checkable
class Bounded(Protocol):
    """A module whose parameters must lie in some set.

    `to_bounds` is called after every step, on every rank, and must give the same from the same parameters.
    """

    def to_bounds(self) -> None:
        """Puts the parameters back where they must lie."""
        ...


def paces(model: nn.Module) -> dict[nn.Parameter, Pace]:
    """The pace of every parameter that has one of its own."""
    return {
        parameter: module.pace
        for module in model.modules()
        if isinstance(module, Paced) and module.pace is not None
        for parameter in module.parameters(recurse=False)
    }


def to_bounds(model: nn.Module) -> None:
    """Puts all parameters back where their modules say they must lie."""
    for module in model.modules():
        if isinstance(module, Bounded):
            module.to_bounds()
