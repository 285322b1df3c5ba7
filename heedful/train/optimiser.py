"""AdamW for any model: which parameters decay, which have a rate of their own, its memory by parameter name."""

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from heedful.train.own import Pace, paces, to_bounds
from heedful.train.schedule import Rates
from heedful.train.settings import TrainSettings

_FUSED = frozenset({"cpu", "cuda"})
_PACE = "pace"  # the key of a group's own rate


def make_optimiser(model: nn.Module, settings: TrainSettings) -> torch.optim.AdamW:
    """AdamW whose weight decay spares biases, norms and embeddings; `set_rates` gives the rates before every step.

    Parameters with a pace of their own are groups of their own, one a pace. After every step those that have bounds
    are put back there.
    Source: Loshchilov & Hutter 2019 (arXiv:1711.05101); betas and epsilon: Vaswani et al. 2017, section 5.3.
    """
    spared, own = _spared(model), paces(model)
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    shared = [one for one in trained if one not in own]
    groups: list[dict[str, Any]] = [
        {"params": [one for one in shared if one not in spared], "weight_decay": settings.weight_decay},
        {"params": [one for one in shared if one in spared], "weight_decay": 0.0},
    ]
    for pace in dict.fromkeys(own[one] for one in trained if one in own):
        params = [one for one in trained if own.get(one) == pace]
        groups.append({"params": params, "weight_decay": 0.0, _PACE: pace})
    fused = all(one.is_floating_point() and one.device.type in _FUSED for one in trained)
    adam = torch.optim.AdamW(groups, lr=settings.rate, betas=(0.9, 0.98), eps=1e-9, fused=fused)
    adam.register_step_post_hook(lambda *_: to_bounds(model))
    return adam


def set_rates(optimiser: torch.optim.Optimizer, rates: Rates, step: int) -> None:
    """Gives every group the rate of the step after `step`: its own pace's, or the run's."""
    for group in optimiser.param_groups:
        pace: Pace | None = group.get(_PACE)
        group["lr"] = rates(step) if pace is None else pace(step, rates.total)


def memory(optimiser: torch.optim.Optimizer, model: nn.Module) -> dict[str, Tensor]:
    """What the optimiser remembers, as `<parameter>/<quantity>`: tensor."""
    return {
        f"{name}/{key}": value
        for name, parameter in model.named_parameters()
        for key, value in optimiser.state.get(parameter, {}).items()
    }


def remember(optimiser: torch.optim.Optimizer, model: nn.Module, saved: Mapping[str, Tensor]) -> None:
    """Puts back what `memory` gave."""
    names = {parameter: name for name, parameter in model.named_parameters()}
    by_name: dict[str, dict[str, Tensor]] = {}
    for entry, value in saved.items():
        name, _, key = entry.rpartition("/")
        by_name.setdefault(name, {})[key] = value
    order = [parameter for group in optimiser.param_groups for parameter in group["params"]]
    state = {index: by_name[names[one]] for index, one in enumerate(order) if names[one] in by_name}
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})


def _spared(model: nn.Module) -> set[nn.Parameter]:
    return set(_without_decay(model))


def _without_decay(model: nn.Module) -> Iterator[nn.Parameter]:
    for module in model.modules():
        kind = type(module).__name__.lower()
        whole = "norm" in kind or "embedding" in kind  # torch's, and ours, which are no torch classes
        yield from (one for one in module.parameters(recurse=False) if whole or one.ndim < 2)
