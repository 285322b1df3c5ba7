"""A model while it answers: in evaluation mode, without gradients, its products in a chosen precision."""

from collections.abc import Generator
from contextlib import contextmanager

import torch
from torch import nn

from heedful.layer.precision import products_in
from heedful.machine import choose_precision


@contextmanager
def answering(model: nn.Module, precision: str) -> Generator[None]:
    """Within the block the model answers; afterwards it is in its own mode again.

    `precision` is that of the products: "float32", "bfloat16", or "auto", which is bfloat16 where the hardware
    multiplies it.
    """
    device = next(model.parameters()).device
    was_training = model.training
    model.eval()
    try:
        with torch.no_grad(), products_in(choose_precision(precision, device), device):
            yield
    finally:
        model.train(was_training)
