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


def check_tensor(name: str, value: object) -> None:
    """Check that an argument is a tensor.

    Raises: TypeError, saying what it is.
    """
    if not isinstance(value, Tensor):
        kind = f"{type(value).__module__}.{type(value).__qualname__}".removeprefix("builtins.")
        raise TypeError(f"{name} is a {kind}, expected a torch.Tensor: convert it by torch.as_tensor.")


def check_constant(name: str, number: float | Tensor, *, hint: str = "") -> float:
    """A setting as a plain number.

    Raises: TypeError, when it is a tensor that requires a gradient: as a number it would never learn.
    """
    if isinstance(number, Tensor) and number.requires_grad:
        raise TypeError(
            f"{name} is a tensor that requires a gradient, but it is a constant, which would never learn: pass a "
            f"number.{hint}"
        )
    return float(number)


def check_memory(query: Tensor, key: Tensor, value: Tensor) -> None:
    """Check that queries, keys and values belong together.

    Raises: TypeError, when one is no tensor; ShapeError, when a tensor lacks an axis or holds no floating-point
        numbers, keys and values differ in length, or batch axes do not match; it names both shapes.
    """
    for name, tensor in (("query", query), ("key", key), ("value", value)):
        check_tensor(name, tensor)
        if tensor.ndim < 2:
            raise ShapeError(f"{name} is {describe(tensor)}, expected [*B, length, width]: add the missing axes.")
        # Complex numbers would lose their imaginary part in one engine and not in another.
        if not tensor.is_floating_point():
            raise ShapeError(f"{name} is {describe(tensor)}, expected floating-point numbers: convert it.")
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
        if tensor.dtype != first.dtype and autocast_dtype(first.device) is None:
            raise ShapeError(
                f"{first_name} is {describe(first)} but {name} is {describe(tensor)}: "
                "give one dtype, or run under torch.autocast."
            )


def autocast_dtype(device: torch.device) -> torch.dtype | None:
    """What matrix products on a device are computed in under autocast; None where it is off."""
    # Meta tensors know no autocast, and torch refuses the question.
    if device.type == "meta" or not torch.is_autocast_enabled(device.type):
        return None
    return torch.get_autocast_dtype(device.type)


def check_width(name: str, tensor: Tensor, width: int, *, owner: str) -> None:
    """Check the last axis of a tensor against what `owner` was built for.

    Raises: TypeError, when it is no tensor; ShapeError, naming the tensor's shape and the width expected.
    """
    check_tensor(name, tensor)
    if tensor.shape[-1] != width:
        raise ShapeError(f"{owner} was built for {name} width {width}, got {name} {describe(tensor)}.")


def expand_keep(keep: Bool[Tensor, "..."], key: Tensor) -> Bool[Tensor, "..."]:
    """`keep` with the axes ``[*B, T or 1, S]``: one axis fewer than `key` means one row for all queries.

    Raises: TypeError, when it is no tensor; ShapeError, when `keep` is not boolean-per-key ``[*B, S]`` nor per pair
        ``[*B, T, S]``.
    """
    check_tensor("keep", keep)
    expanded = keep.unsqueeze(-2) if keep.ndim == key.ndim - 1 else keep
    fits = expanded.ndim == key.ndim and expanded.shape[-1] == key.shape[-2]
    if keep.dtype != torch.bool or not fits or not _broadcast(expanded.shape[:-2], key.shape[:-2]):
        raise ShapeError(
            f"keep is {describe(keep)} but key is {describe(key)}: "
            "expected bool [*B, S] or [*B, T, S], True = may attend."
        )
    return expanded


def check_keep(keep: Bool[Tensor, "..."], query: Tensor, *memory: Tensor) -> Bool[Tensor, "..."]:
    """Check that `keep` was made for these queries, keys (and values), and adds no rows to their batch.

    Returns: it, as `expand_keep` does.
    Raises: ShapeError, naming the shapes and how a `keep` is read.
    """
    key = memory[0]
    expanded = expand_keep(keep, key)
    if expanded.shape[-2] not in (1, query.shape[-2]):
        raise ShapeError(f"keep is {describe(keep)} but query is {describe(query)}: expected [*B, T, S] or [*B, S].")
    # A mask [T, S] beside a batch of one would be read as [B, S], and the output would have T rows.
    batch = _batch_of(query, *memory)
    if not _fits_batch(expanded.shape[:-2], batch):
        read = "[*B, S]" if keep.ndim == key.ndim - 1 else "[*B, T, S]"
        raise ShapeError(
            f"keep is {describe(keep)}, read as {read}, but query is {describe(query)} and key is {describe(key)}, a "
            f"batch of {list(batch)}: expected bool [*B, S] or [*B, T, S] with these batch axes (or 1). A mask "
            "[T, S] for all rows of a batch needs their axes: keep[None]."
        )
    return expanded


def check_batch_axes(region: object, rows: torch.Size, query: Tensor, *memory: Tensor) -> None:
    """Check that the batch axes of a region's bounds, `rows`, fit those of a call, and add no rows to them.

    Raises: ShapeError, naming both.
    """
    batch = _batch_of(query, *memory)
    if not _fits_batch(rows, batch):
        # The region is written out only here: to read its lengths from a GPU at every call would be to wait for it.
        raise ShapeError(
            f"region {region!r} has batch axes {list(rows)}, query is {describe(query)} and key is "
            f"{describe(memory[0])}, a batch of {list(batch)}: they must be equal (or 1)."
        )


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
    reorders and shrinks without knowing what is inside. A field of a dataclass whose metadata says
    ``per_row=False`` passes through as it is.
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
        fields = [field.name for field in dataclasses.fields(tree) if field.metadata.get("per_row", True)]
        return dataclasses.replace(tree, **{name: take_rows(getattr(tree, name), index) for name in fields})
    return tree


def _broadcast(first: torch.Size, second: torch.Size) -> bool:
    """Whether batch axes are equal, or 1 where they differ."""
    return len(first) == len(second) and all(a == b or 1 in (a, b) for a, b in zip(first, second, strict=True))


def _batch_of(*tensors: Tensor) -> torch.Size:
    """The batch axes of a call, to which those of its tensors broadcast."""
    return broadcast_shape(*(tensor.shape[:-2] for tensor in tensors))


def _fits_batch(rows: torch.Size, batch: torch.Size) -> bool:
    """Whether batch axes broadcast to those of a call: no more axes, each equal or 1."""
    pairs = zip(reversed(rows), reversed(batch), strict=False)
    return len(rows) <= len(batch) and all(size in (1, whole) for size, whole in pairs)
