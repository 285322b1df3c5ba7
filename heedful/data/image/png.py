"""Writes pictures as PNG without Pillow, for pictures that the package makes itself."""

import struct
import zlib
from pathlib import Path

import numpy as np

from heedful.errors import UserError

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_RGB_8_BIT = (8, 2, 0, 0, 0)
"""Bit depth, colour type, compression, filter and interlacing in the header."""


def write_png(path: Path, pixels: np.ndarray) -> None:
    """Writes RGB pixels, uint8 ``[height, width, 3]``; the same pixels give the same bytes.

    Raises: UserError, when the file cannot be written; ValueError, for other pixels.
    """
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or not pixels.size:
        raise ValueError(f"pixels are {pixels.dtype}{list(pixels.shape)}, expected uint8[height, width, 3].")
    height, width = pixels.shape[:2]
    # Every row begins with the number of its filter: 0, none.
    rows = np.concatenate([np.zeros((height, 1), np.uint8), pixels.reshape(height, -1)], axis=1)
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, *_RGB_8_BIT))
    content = header + _chunk(b"IDAT", zlib.compress(rows.tobytes(), 6)) + _chunk(b"IEND", b"")
    try:
        path.write_bytes(_SIGNATURE + content)
    except OSError as error:
        raise UserError(f"cannot write this file: {error.strerror or error}", where=str(path)) from error


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
