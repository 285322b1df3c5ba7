"""Weights and pictures as arrays of colours: scaled, pooled, shaded, and as PNG bytes without an extra."""

import struct
import zlib

import numpy as np
import torch
from torch import Tensor

from heedful.watch.colour import shade

_STEPS = 256


def pool_columns(weights: Tensor, most: int) -> tuple[Tensor, int]:
    """Weights ``[T, S]`` with neighbouring columns added up so that at most `most` are left.

    Returns: the sums, and how many columns each holds; the last may hold fewer.
    """
    size = max(1, -(-weights.shape[1] // most))
    if size == 1:
        return weights, 1
    # Zeros add nothing to the last sum.
    padded = torch.nn.functional.pad(weights, (0, -weights.shape[1] % size))
    return padded.unflatten(1, (-1, size)).sum(-1), size


def colours(parts: np.ndarray) -> np.ndarray:
    """The colour of every share, uint8 ``[..., 3]``; grey for NaN."""
    # A table, because there are many more weights than shades.
    table = [shade(step / (_STEPS - 1)) for step in range(_STEPS)] + [shade(float("nan"))]
    rgb = np.array([list(bytes.fromhex(colour[1:])) for colour in table], dtype=np.uint8)
    steps = np.where(np.isnan(parts), _STEPS, np.clip(np.nan_to_num(parts), 0.0, 1.0) * (_STEPS - 1))
    return rgb[steps.round().astype(int)]


def translucent(parts: np.ndarray, most: float) -> np.ndarray:
    """The darkest shade, as opaque as each share: `most` for a share of 1; uint8 ``[..., 4]``. Grey for NaN."""
    missing = np.isnan(parts)
    dark, grey = (list(bytes.fromhex(shade(share)[1:])) for share in (1.0, float("nan")))
    rgb = np.where(missing[..., None], grey, dark)
    opacity = np.where(missing, 1.0, most * np.clip(np.nan_to_num(parts), 0.0, 1.0))
    return np.concatenate([rgb, (255 * opacity[..., None]).round()], axis=-1).astype(np.uint8)


def thumbnail(pixels: np.ndarray, most: int) -> np.ndarray:
    """A picture no larger than `most` pixels a side, as uint8; averages over areas, so that nothing flickers."""
    factor = max(pixels.shape[:2]) / most
    if factor <= 1:
        return pixels
    # Every second or third pixel first: a float copy of a 40 megapixel photo would take half a gigabyte.
    coarse = pixels[:: max(1, int(factor / 2)), :: max(1, int(factor / 2))]
    size = [max(1, round(side / factor)) for side in pixels.shape[:2]]
    channels = torch.from_numpy(np.ascontiguousarray(coarse)).float().reshape(*coarse.shape[:2], -1).permute(2, 0, 1)
    small = torch.nn.functional.interpolate(channels.unsqueeze(0), size=size, mode="area")[0].permute(1, 2, 0)
    return small.round().to(torch.uint8).numpy().reshape(*size, *pixels.shape[2:])


def faded(pixels: np.ndarray) -> np.ndarray:
    """A picture in light grey ``[h, w]``, on which the colours of weights stand out, whatever it shows."""
    grey = pixels if pixels.ndim == 2 else pixels @ np.array([0.299, 0.587, 0.114])
    # From 110 to 255: what is black stays light enough for the colours above it.
    return (110 + grey * (145 / 255)).round().astype(np.uint8)


def png(pixels: np.ndarray) -> bytes:
    """A picture, uint8 ``[h, w]``, ``[h, w, 3]`` or ``[h, w, 4]``, as the bytes of a PNG file."""
    height, width = pixels.shape[:2]
    kind = {2: 0, 3: {3: 2, 4: 6}.get(pixels.shape[-1], 0)}[pixels.ndim]
    rows = np.concatenate([np.zeros((height, 1), np.uint8), pixels.reshape(height, -1)], axis=1)  # 0: no filter
    header = struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
