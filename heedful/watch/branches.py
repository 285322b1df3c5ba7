"""What a Weighted Transformer has learnt of its branches: kappa and alpha of every branched attention, to be drawn."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from heedful.layer.branched import BranchedAttention
from heedful.watch.map import Map


def branch_weights(model: nn.Module) -> dict[str, dict[str, Tensor]]:
    """``{"kappa": {attention: [M]}, "alpha": ...}``, attentions by name; nothing for a model without branches.

    Kappa weighs what goes into a branch's feed-forward layer, alpha what comes out of it; each sums to 1.
    """
    found = {name: one for name, one in model.named_modules() if isinstance(one, BranchedAttention)}
    if not found:
        return {}
    with torch.no_grad():
        return {
            "kappa": {name: one.weighted.kappa().cpu() for name, one in found.items()},
            "alpha": {name: one.alpha().cpu() for name, one in found.items()},
        }


def branch_maps(model: nn.Module) -> list[Map]:
    """The same as maps: an attention a row, a branch a column, counted from 0 as heads are."""
    return [_map(name, weights) for name, weights in branch_weights(model).items()]


def _map(title: str, weights: Mapping[str, Tensor]) -> Map:
    """Attentions with fewer branches than others have no number in the last columns."""
    most = max(len(one) for one in weights.values())
    rows = [nn.functional.pad(one.float(), (0, most - len(one)), value=torch.nan) for one in weights.values()]
    return Map(torch.stack(rows), list(weights), [f"branch {i}" for i in range(most)], title)
