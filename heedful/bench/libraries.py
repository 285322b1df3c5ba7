"""Peers of other libraries, imported only when they are asked for."""

import importlib
import os
from typing import Any

import torch
from torch import Tensor

from heedful.bench.case import Case, Look
from heedful.bench.way import Way, four_axes


def keras(case: Case) -> Way | str:
    """Keras' AdditiveAttention or Attention, which have no projections: they take features, as ours does here."""
    work = case.work
    if work.centre is not None or (work.banded and not work.causal):
        return "its layers know no windows"
    os.environ.setdefault("KERAS_BACKEND", "torch")
    library = importlib.import_module("keras")
    if library.backend.backend() != "torch":
        return f"Keras was loaded with the backend {library.backend.backend()!r}"
    place = "cuda:0" if case.device.type == "cuda" else "cpu"
    with library.device(place):
        layer = _keras_layer(library, case)

    def look(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        x, y = work.features(query, key)
        three = [tensor.reshape(-1, *tensor.shape[-2:]) for tensor in (x, value, y)]  # its order: query, value, key
        with library.device(place):
            context: Tensor = layer(three, use_causal_mask=work.causal)
        return context.reshape(*query.shape[:-1], value.shape[-1])

    return Way(look)


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


def x_transformers(case: Case) -> Way | str:
    """The product, softmax and sum as its Attend writes them out."""
    return _attend(case, flash=False)


def x_transformers_flash(case: Case) -> Way | str:
    """The same through torch's SDPA, as its Attend calls it."""
    return _attend(case, flash=True)


def _attend(case: Case, *, flash: bool) -> Way | str:
    work = case.work
    if work.weight is not None:
        return "its Attend scores by inner products only"
    if work.centre is not None or (work.banded and not work.causal):
        return "its Attend knows no windows"
    attend = importlib.import_module("x_transformers.attend").Attend(causal=work.causal, flash=flash, scale=work.scale)
    attend = attend.to(case.device)

    def first(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        return attend(query, key, value)[0]  # beside what it keeps of the way there

    look: Look = four_axes(first)
    return Way(lambda query, key, value: look(*work.features(query, key), value))
