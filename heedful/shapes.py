"""Axis letters, special token ids, and the shape checks that every floor shares.

Axis letters, used in every annotation: ``B`` batch, ``T`` queries, ``S`` keys, ``H`` heads, ``D`` width,
``V`` vocabulary (or the width of a value). Heads are one more batch axis.

One rule for masks, everywhere: ``keep`` is boolean and **True = may attend**.
"""

import dataclasses
from itertools import zip_longest
from typing import Any

import torch
from jaxtyping import Bool, Int
from torch import Tensor

PAD, BOS, EOS, UNK = 0, 1, 2, 3
"""Token ids that mean the same in every tokeniser: padding, begin, end, unknown."""


class ShapeError(ValueError):
    """Tensors that do not fit together. The message names both shapes and the fix."""


def describe(tensor: Tensor) -> str:
    """Name a tensor by type and shape, for error texts: ``float32[2, 3, 5]``."""
    return f"{str(tensor.dtype).removeprefix('torch.')}{list(tensor.shape)}"


def keep_from_lengths(lengths: Int[Tensor, "*B"], size: int) -> Bool[Tensor, "*B S"]:
    """`keep` for padded rows: True for the first `lengths` of `size` keys.

    >>> import torch
    >>> from heedful.shapes import keep_from_lengths
    >>> keep_from_lengths(torch.tensor([1, 3]), 3)
    tensor([[ True, False, False],
            [ True,  True,  True]])
    """
    return torch.arange(size, device=lengths.device) < lengths.unsqueeze(-1)


def from_torch_padding_mask(ignore: Bool[Tensor, "*shape"]) -> Bool[Tensor, "*shape"]:
    """Turns the mask of ``nn.MultiheadAttention`` (True = ignore) into `keep` (True = may attend)."""
    return ~ignore


def check_memory(query: Tensor, key: Tensor, value: Tensor) -> None:
    """Check that queries, keys and values belong together.

    Raises: ShapeError, when a tensor lacks an axis, keys and values differ in length, or batch axes
        do not match; it names both shapes.
    """
    for name, tensor in (("query", query), ("key", key), ("value", value)):
        if tensor.ndim < 2:
            raise ShapeError(f"{name} is {describe(tensor)}, expected [*B, length, width]: add the missing axes.")
    if key.shape[:-1] != value.shape[:-1] and key.shape[-2] != value.shape[-2]:
        raise ShapeError(f"key {describe(key)} and value {describe(value)} differ in length: each key needs its value.")
    for name, tensor in (("key", key), ("value", value)):
        if not _broadcast(query.shape[:-2], tensor.shape[:-2]):
            raise ShapeError(
                f"query {describe(query)} and {name} {describe(tensor)} differ in batch axes: "
                f"{list(query.shape[:-2])} and {list(tensor.shape[:-2])} must be equal (or 1)."
            )


def check_same_dtype_and_device(**tensors: Tensor) -> None:
    """Check that tensors share one device and, outside autocast, one dtype.

    Raises: ShapeError, naming the two that differ.
    """
    (first_name, first), *others = tensors.items()
    for name, tensor in others:
        if tensor.device != first.device:
            raise ShapeError(f"{first_name} is on {first.device} but {name} on {tensor.device}: move one of them.")
        if tensor.dtype != first.dtype and not torch.is_autocast_enabled(first.device.type):
            raise ShapeError(
                f"{first_name} is {describe(first)} but {name} is {describe(tensor)}: "
                "give one dtype, or run under torch.autocast."
            )


def check_width(name: str, tensor: Tensor, width: int, *, owner: str) -> None:
    """Check the last axis of a tensor against what `owner` was built for.

    Raises: ShapeError, naming the tensor's shape and the width expected.
    """
    if tensor.shape[-1] != width:
        raise ShapeError(f"{owner} was built for {name} width {width}, got {name} {describe(tensor)}.")


def expand_keep(keep: Bool[Tensor, "..."], key: Tensor) -> Bool[Tensor, "..."]:
    """`keep` with the axes ``[*B, T or 1, S]``: one axis fewer than `key` means one row for all queries.

    Raises: ShapeError, when `keep` is not boolean-per-key ``[*B, S]`` nor per pair ``[*B, T, S]``.
    """
    expanded = keep.unsqueeze(-2) if keep.ndim == key.ndim - 1 else keep
    fits = expanded.ndim == key.ndim and expanded.shape[-1] == key.shape[-2]
    if keep.dtype != torch.bool or not fits or not _broadcast(expanded.shape[:-2], key.shape[:-2]):
        raise ShapeError(
            f"keep is {describe(keep)} but key is {describe(key)}: "
            "expected bool [*B, S] or [*B, T, S], True = may attend."
        )
    return expanded


def check_batch_axes(name: str, rows: torch.Size, query: Tensor) -> None:
    """Check that the batch axes of what bounds a query, `rows`, fit the query's.

    Raises: ShapeError, naming both.
    """
    batch = query.shape[:-2]
    pairs = zip(reversed(rows), reversed(batch), strict=False)
    if len(rows) > len(batch) or any(a != b and 1 not in (a, b) for a, b in pairs):
        raise ShapeError(f"{name} has batch axes {list(rows)}, query is {describe(query)}: they must be equal (or 1).")


def broadcast_shape(*shapes: torch.Size) -> torch.Size:
    """The shape to which compatible shapes broadcast: the size that is not 1, axis by axis from the last."""
    # torch.broadcast_shapes does the same, but its first call imports sympy, which takes most of a second.
    columns = zip_longest(*map(reversed, shapes), fillvalue=1)
    return torch.Size([next((size for size in sizes if size != 1), 1) for sizes in columns][::-1])


def pad_batch_axes(tensor: Tensor, batch_axes: int, trailing_axes: int) -> Tensor:
    """Aligns a per-row tensor with the FIRST of `batch_axes` axes, by adding axes of size 1 for heads and the like.

    `trailing_axes` is how many axes of the tensor come after its batch axes: lengths ``[B]`` have 0 and become
    ``[B, 1]`` beside ``[B, H]``.
    """
    missing = batch_axes - (tensor.ndim - trailing_axes)
    if missing < 0:
        raise ShapeError(f"{describe(tensor)} has more batch axes than the query's {batch_axes}.")
    batch, trailing = tensor.shape[: tensor.ndim - trailing_axes], tensor.shape[tensor.ndim - trailing_axes :]
    return tensor.reshape((*batch, *(1,) * missing, *trailing))


def take_rows(tree: Any, index: Tensor) -> Any:
    """The rows `index` (axis 0) of every tensor in nested tuples, lists, dicts, dataclasses and named tuples.

    None and whatever is no tensor pass through: `tree` is a decoder's state or memory, which search
    reorders and shrinks without knowing what is inside.
    """
    if isinstance(tree, Tensor):
        return tree.index_select(0, index)
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree)(*(take_rows(item, index) for item in tree))
    if isinstance(tree, (tuple, list)):
        return type(tree)(take_rows(item, index) for item in tree)
    if isinstance(tree, dict):
        return {name: take_rows(item, index) for name, item in tree.items()}
    if dataclasses.is_dataclass(tree) and not isinstance(tree, type):
        fields = {field.name: take_rows(getattr(tree, field.name), index) for field in dataclasses.fields(tree)}
        return dataclasses.replace(tree, **fields)
    return tree


def _broadcast(first: torch.Size, second: torch.Size) -> bool:
    """Whether batch axes are equal, or 1 where they differ."""
    return len(first) == len(second) and all(a == b or 1 in (a, b) for a, b in zip(first, second, strict=True))
