"""The optimiser's parameter groups: which parameters decay, which learn at a rate of their own, which have bounds."""

from collections.abc import Callable, Iterator
from typing import Any, Protocol, runtime_checkable

from torch import nn

Pace = Callable[[int, int | None], float]
"""Learning rate of the next step, from the number of steps done and of all steps (None where it is not known)."""


@runtime_checkable
class Paced(Protocol):
    """A module whose direct parameters, not those of child modules, have a learning rate schedule of their own.

    They have no weight decay, and a rate of 0 freezes them. `pace` must be a pure function, so that a resumed run
    continues exactly; None means the schedule of the run.
    """

    @property
    def pace(self) -> Pace | None: ...


@runtime_checkable
class Bounded(Protocol):
    """A module whose parameters are constrained.

    `to_bounds` is called after every step on every rank, and must be deterministic.
    """

    def to_bounds(self) -> None:
        """Projects the parameters onto their constraint, in place."""
        ...


PACE = "pace"
"""The key under which a parameter group holds its `Pace`; groups without it learn at the rate of the run."""


def param_groups(model: nn.Module, *, weight_decay: float) -> list[dict[str, Any]]:
    """The groups for `torch.optim.AdamW`: with decay, without decay, then one for each pace.

    Biases, parameters of norms and of embeddings do not decay, and neither does what has a pace.
    """
    undecayed, paced = set(_undecayed(model)), paces(model)
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    unpaced = [parameter for parameter in trained if parameter not in paced]
    groups: list[dict[str, Any]] = [
        {"params": [parameter for parameter in unpaced if parameter not in undecayed], "weight_decay": weight_decay},
        {"params": [parameter for parameter in unpaced if parameter in undecayed], "weight_decay": 0.0},
    ]
    for pace in dict.fromkeys(paced[parameter] for parameter in trained if parameter in paced):
        params = [parameter for parameter in trained if paced.get(parameter) == pace]
        groups.append({"params": params, "weight_decay": 0.0, PACE: pace})
    return groups


def paces(model: nn.Module) -> dict[nn.Parameter, Pace]:
    """The pace of every parameter that has one."""
    return {
        parameter: module.pace
        for module in model.modules()
        if isinstance(module, Paced) and module.pace is not None
        for parameter in module.parameters(recurse=False)
    }


def apply_bounds(model: nn.Module) -> None:
    """Calls `to_bounds` of every module that has it."""
    for module in model.modules():
        if isinstance(module, Bounded):
            module.to_bounds()


def _undecayed(model: nn.Module) -> Iterator[nn.Parameter]:
    for module in model.modules():
        # By the name of the class: our own norms and embeddings do not derive from torch's.
        kind = type(module).__name__.lower()
        whole_module = "norm" in kind or "embedding" in kind
        for parameter in module.parameters(recurse=False):
            if whole_module or parameter.ndim < 2:
                yield parameter
