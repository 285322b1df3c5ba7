"""Runs a model for inference: in evaluation mode, without gradients, with matrix products in a chosen precision."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import Literal
from weakref import WeakKeyDictionary

import torch
from torch import nn

from heedful.layer.precision import products_in
from heedful.machine import choose_precision


@dataclass
class _Use:
    """How many blocks evaluate a model at present, and which of its modules were training before the first."""

    count: int
    was_training: list[nn.Module]


_lock = Lock()
_uses: WeakKeyDictionary[nn.Module, _Use] = WeakKeyDictionary()
"""The models that are evaluated at present: their mode is one for all threads, so that it is restored by the last."""


@contextmanager
def evaluating(model: nn.Module) -> Generator[None]:
    """Puts the model in evaluation mode, without gradients, and restores its previous mode afterwards.

    Several threads may evaluate one model at the same time: the last of them restores the mode.
    """
    _begin(model)
    try:
        with torch.no_grad():
            yield
    finally:
        _end(model)


def _begin(model: nn.Module) -> None:
    with _lock:
        use = _uses.get(model)
        if use is None:
            _uses[model] = _Use(1, [module for module in model.modules() if module.training])
        else:
            use.count += 1
        model.eval()


def _end(model: nn.Module) -> None:
    with _lock:
        use = _uses[model]
        use.count -= 1
        if use.count == 0:
            del _uses[model]
            # Each module by itself: `model.train()` would also wake up parts that the user has frozen.
            for module in use.was_training:
                module.training = True


@contextmanager
def answering(model: nn.Module, precision: Literal["auto", "float32", "bfloat16"]) -> Generator[None]:
    """As `evaluating`, with matrix products in `precision`; "auto" means bfloat16 where the hardware supports it."""
    device = next(model.parameters()).device
    with evaluating(model), products_in(choose_precision(precision, device), device):
        yield
