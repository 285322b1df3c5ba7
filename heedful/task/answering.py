"""Runs a model for inference: in evaluation mode, without gradients, with matrix products in a chosen precision."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Literal

import torch
from torch import nn

from heedful.layer.precision import products_in
from heedful.machine import choose_precision


@contextmanager
def evaluating(model: nn.Module) -> Generator[None]:
    """Puts the model in evaluation mode, without gradients, and restores its previous mode afterwards."""
    was_training = model.training
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        model.train(was_training)


@contextmanager
def answering(model: nn.Module, precision: Literal["auto", "float32", "bfloat16"]) -> Generator[None]:
    """As `evaluating`, with matrix products in `precision`; "auto" means bfloat16 where the hardware supports it."""
    device = next(model.parameters()).device
    with evaluating(model), products_in(choose_precision(precision, device), device):
        yield
