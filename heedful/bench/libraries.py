"""Peers of other libraries, which are imported only when they are used."""

import importlib
import os
from typing import Any

import torch
from torch import Tensor

from heedful.bench.case import Attend, Case
from heedful.bench.implementation import Implementation, four_axes


def keras(case: Case) -> Implementation | str:
    """Keras' AdditiveAttention or Attention, which have no projections: they take features, as ours does here."""
    work = case.work
    if work.centre is not None or (work.banded and not work.causal):
        return "its layers have no windows"
    os.environ.setdefault("KERAS_BACKEND", "torch")
    library = importlib.import_module("keras")
    if library.backend.backend() != "torch":
        return f"Keras was loaded with the backend {library.backend.backend()!r}"
    device = "cuda:0" if case.device.type == "cuda" else "cpu"
    with library.device(device):
        layer = _keras_layer(library, case)

    def call(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        x, y = work.features(query, key)
        three = [tensor.reshape(-1, *tensor.shape[-2:]) for tensor in (x, value, y)]  # its order: query, value, key
        with library.device(device):
            context: Tensor = layer(three, use_causal_mask=work.causal)
        return context.reshape(*query.shape[:-1], value.shape[-1])

    return Implementation(call)


def _keras_layer(library: Any, case: Case) -> Any:
    dtype = str(case.dtype).removeprefix("torch.")
    if case.work.weight is not None:
        layer = library.layers.AdditiveAttention(use_scale=True, dtype=dtype)
        scale: Any = case.work.weight
    else:
        layer = library.layers.Attention(use_scale=True, dtype=dtype)
        scale = torch.tensor(case.work.scale, device=case.device)
    layer.build([(None, None, case.shape[-1])] * 3)
    layer.scale.assign(scale.to(case.dtype))
    layer.trainable = False
    return layer


def x_transformers(case: Case) -> Implementation | str:
    """The product, softmax and sum as its Attend writes them out."""
    return _attend(case, flash=False)


def x_transformers_flash(case: Case) -> Implementation | str:
    """The same through torch's SDPA, as its Attend calls it."""
    return _attend(case, flash=True)


def _attend(case: Case, *, flash: bool) -> Implementation | str:
    work = case.work
    if work.weight is not None:
        return "its Attend scores by inner products only"
    if work.centre is not None or (work.banded and not work.causal):
        return "its Attend has no windows"
    attend = importlib.import_module("x_transformers.attend").Attend(causal=work.causal, flash=flash, scale=work.scale)
    attend = attend.to(case.device)

    def context_alone(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        return attend(query, key, value)[0]  # it returns intermediates as well

    call: Attend = four_axes(context_alone)
    return Implementation(lambda query, key, value: call(*work.features(query, key), value))
