"""The learned branch weights of a Weighted Transformer: kappa and alpha of every branched attention, as maps."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from heedful.layer.branched import BranchedAttention
from heedful.watch.map import Map


def branch_weights(model: nn.Module) -> dict[str, dict[str, Tensor]]:
    """``{"kappa": {attention: [M]}, "alpha": ...}``, by the name of the attention.

    Empty for a model without branches. Kappa weighs the input of a branch's feed-forward layer and alpha its output;
    each sums to 1 over the branches.
    """
    branched = {name: module for name, module in model.named_modules() if isinstance(module, BranchedAttention)}
    if not branched:
        return {}
    with torch.no_grad():
        return {
            "kappa": {name: module.weighted.kappa().cpu() for name, module in branched.items()},
            "alpha": {name: module.alpha().cpu() for name, module in branched.items()},
        }


def branch_maps(model: nn.Module) -> list[Map]:
    """The branch weights as maps: one row per attention, one column per branch, counted from 0 like heads."""
    return [_map(name, weights) for name, weights in branch_weights(model).items()]


def _map(title: str, weights: Mapping[str, Tensor]) -> Map:
    """Attentions with fewer branches than others have NaN in the last columns."""
    most = max(len(branches) for branches in weights.values())
    rows = [nn.functional.pad(of.float(), (0, most - len(of)), value=torch.nan) for of in weights.values()]
    return Map(torch.stack(rows), list(weights), [f"branch {i}" for i in range(most)], title)
