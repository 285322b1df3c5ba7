"""AdamW for any model: which parameters decay, and the optimiser's memory by parameter name."""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn

from heedful.train.settings import TrainSettings

_FUSED = frozenset({"cpu", "cuda"})


def make_optimiser(model: nn.Module, settings: TrainSettings) -> torch.optim.AdamW:
    """AdamW whose weight decay spares biases, norms and embeddings; the rate is set before every step.

    Source: Loshchilov & Hutter 2019 (arXiv:1711.05101); betas and epsilon: Vaswani et al. 2017, section 5.3.
    """
    spared = _spared(model)
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    groups = [
        {"params": [one for one in trained if one not in spared], "weight_decay": settings.weight_decay},
        {"params": [one for one in trained if one in spared], "weight_decay": 0.0},
    ]
    fused = all(one.is_floating_point() and one.device.type in _FUSED for one in trained)
    return torch.optim.AdamW(groups, lr=settings.rate, betas=(0.9, 0.98), eps=1e-9, fused=fused)


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
