"""AdamW for any model: its learning rates before each step, and its state by parameter name."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from heedful.train.param_groups import PACE, Pace, apply_bounds, param_groups
from heedful.train.schedule import Rates
from heedful.train.settings import TrainSettings

_FUSED = frozenset({"cpu", "cuda"})


def make_optimiser(model: nn.Module, settings: TrainSettings) -> torch.optim.AdamW:
    """AdamW over the groups of `param_groups`; `set_rates` gives the rates before every step.

    After every step, modules with bounds put their parameters back there.
    Source: Loshchilov & Hutter 2019 (arXiv:1711.05101); betas and epsilon: Vaswani et al. 2017, section 5.3.
    """
    groups = param_groups(model, weight_decay=settings.weight_decay)
    trained = [parameter for group in groups for parameter in group["params"]]
    # torch refuses the fused step for anything else.
    fused = all(parameter.is_floating_point() and parameter.device.type in _FUSED for parameter in trained)
    adam = torch.optim.AdamW(groups, lr=settings.rate, betas=(0.9, 0.98), eps=1e-9, fused=fused)
    adam.register_step_post_hook(lambda *_: apply_bounds(model))
    return adam


def set_rates(optimiser: torch.optim.Optimizer, rates: Rates, step: int) -> None:
    """Gives every group its learning rate for the next step, when `step` steps are done."""
    for group in optimiser.param_groups:
        pace: Pace | None = group.get(PACE)
        group["lr"] = rates(step) if pace is None else pace(step, rates.total)


def state_by_name(optimiser: torch.optim.Optimizer, model: nn.Module) -> dict[str, Tensor]:
    """The optimiser's state, as `<parameter>/<quantity>`: tensor; a parameter has the name that it has in files."""
    return {
        f"{names[0]}/{key}": value
        for parameter, names in _names_in_files(model).items()
        for key, value in optimiser.state.get(parameter, {}).items()
    }


def load_state(optimiser: torch.optim.Optimizer, model: nn.Module, saved: Mapping[str, Tensor]) -> None:
    """Puts back what `state_by_name` gave."""
    by_name: dict[str, dict[str, Tensor]] = {}
    for entry, value in saved.items():
        name, _, key = entry.rpartition("/")
        by_name.setdefault(name, {})[key] = value
    # A shared parameter has several names, and another version may have saved it under another of them.
    by_parameter = {
        parameter: by_name[name]
        for parameter, names in _names_in_files(model).items()
        for name in names
        if name in by_name
    }
    # torch numbers the parameters in the order of the groups. Names keep a saved state valid when groups change.
    order = [parameter for group in optimiser.param_groups for parameter in group["params"]]
    state = {number: by_parameter[parameter] for number, parameter in enumerate(order) if parameter in by_parameter}
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})


def _names_in_files(model: nn.Module) -> dict[nn.Parameter, list[str]]:
    """Every parameter's names in `model.state_dict()`, which stay when a module renames what is inside it."""
    names: dict[nn.Parameter, list[str]] = {}
    for name, value in model.state_dict(keep_vars=True).items():
        if isinstance(value, nn.Parameter):
            names.setdefault(value, []).append(name)
    return names
