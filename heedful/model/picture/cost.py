"""What a model costs: its parameters, and the multiply-adds of a forward pass, for controls of the same size."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode


class Cost(NamedTuple):
    """Parameters, and multiply-adds of matrix products and convolutions for one picture."""

    parameters: int
    multiply_adds: int


def cost_of(model: nn.Module, pictures: Tensor) -> Cost:
    """The cost of a model for each of some pictures; interpolation, softmax and other elementwise work do not count.

    Parameters that do not learn count, too: a frozen policy has to be computed like a learned one.
    """
    was_training = model.training
    model.eval()
    counter = FlopCounterMode(display=False)
    with torch.no_grad(), counter:
        model(pictures)
    model.train(was_training)
    operations = counter.get_total_flops()
    return Cost(sum(each.numel() for each in model.parameters()), round(operations / 2 / max(1, len(pictures))))
