"""Reads a picture file as a person sees it: turned as the camera was held, on white, in RGB."""

import re
import struct
import threading
import warnings
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from heedful.data.image.colour import to_rgb
from heedful.data.image.sniff import what_it_is
from heedful.data.text import nearby
from heedful.errors import UserError, require

_MAX_ASPECT = 20
"""The longest side of a picture in shorter sides. Cells of a longer strip would show next to nothing of its width."""

_PILLOW_LIMIT = 178
"""Megapixels beyond which Pillow itself refuses a picture."""

# What Pillow's decoders raise for files that are cut or damaged, besides OSError.
_DAMAGED = (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, struct.error, zlib.error)


@dataclass(frozen=True)
class Picture:
    """A picture as a person sees it: `pixels` are RGB, uint8 ``[height, width, 3]``; `where` is the file it is from."""

    pixels: np.ndarray = field(repr=False)
    where: str = ""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, as `heedful.axes.Grid` takes them."""
        return self.pixels.shape[1], self.pixels.shape[0]


class PictureReader:
    """Reads picture files in the formats of Pillow; one reader serves a whole run and warns once of each oddity.

    | file | read as |
    |---|---|
    | EXIF orientation | the picture is turned first; boxes and maps refer to the turned picture |
    | 16-bit grey | scaled to 8 bits by 1 / 257 |
    | transparency (RGBA, LA, palette, colour key) | laid on white |
    | CMYK | RGB, through the embedded colour profile if there is one |
    | animation, several pages | the first frame, with one warning |

    `max_megapixels` limits width times height, which are read from the header before anything is decoded.
    """

    def __init__(self, max_megapixels: float = 40.0) -> None:
        require("PIL.Image", extra="image")  # so that it is missing here, and not at the first picture
        self.max_megapixels = max_megapixels
        self._warned_of_frames = False

    def read(self, path: Path | str) -> Picture:
        """The picture in a file.

        Raises: UserError, naming the file, when it is missing, no picture, too large, more than 20 times as long as
            wide, truncated or damaged, or has numbers whose range is unknown.
        """
        path = Path(path)
        image = self._open(path)
        with image:
            self._check_size(image.size, path)
            self._warn_of_frames(image, path)
            try:
                turned = _turned(image)
                pixels = to_rgb(turned)
            except UserError as error:
                raise UserError(error.message, where=str(path), hint=error.hint) from None
            except _DAMAGED as error:
                raise UserError(
                    f"this picture is damaged or cut short: {error}", where=str(path), hint="copy or download it again"
                ) from error
        return Picture(pixels, str(path))

    def size(self, path: Path | str) -> tuple[int, int]:
        """Width and height after turning, from the header alone.

        Raises: UserError, as `read` for what the header tells.
        """
        path = Path(path)
        with self._open(path) as image:
            self._check_size(image.size, path)
            width, height = image.size
            return (height, width) if _orientation(image) >= _FIRST_SIDEWAYS else (width, height)

    def _open(self, path: Path) -> Any:
        # Not kept on the reader: a module cannot be copied or sent to another process.
        pillow: Any = require("PIL.Image", extra="image")
        try:
            # Pillow warns of pictures that are merely large. Our limit comes right after, and is an error.
            with _without_warnings():
                return pillow.open(path)
        except FileNotFoundError:
            raise UserError("there is no such picture", where=str(path), hint=nearby(path)) from None
        except pillow.DecompressionBombError as error:
            # Pillow's own limit, about 179 megapixels; its message has the number of pixels, and no width and height.
            pixels = int(next(iter(re.findall(r"\d+", str(error))), "0"))
            raise self._too_large(f"{pixels / 1e6:,.0f} megapixels", path) from None
        except pillow.UnidentifiedImageError:
            raise UserError(f"this is {what_it_is(path)}", where=str(path), hint="expected a picture") from None
        except OSError as error:
            raise UserError(f"cannot read this file: {error.strerror or error}", where=str(path)) from error
        except _DAMAGED as error:
            raise UserError(f"this picture has a damaged header: {error}", where=str(path)) from error

    def _check_size(self, size: tuple[int, int], path: Path) -> None:
        width, height = size
        if width * height > self.max_megapixels * 1e6:
            raise self._too_large(f"{width} × {height} pixels", path)
        if max(size) > _MAX_ASPECT * min(size):
            raise UserError(
                f"{width} × {height} pixels: one side is more than {_MAX_ASPECT} times the other",
                where=str(path),
                hint="cut it into parts",
            )

    def _too_large(self, found: str, path: Path) -> UserError:
        return UserError(
            f"this picture is too large: {found}, the limit is {self.max_megapixels:g} megapixels",
            where=str(path),
            hint="make it smaller"
            if self.max_megapixels >= _PILLOW_LIMIT
            else "make it smaller, or raise max_megapixels",
        )

    def _warn_of_frames(self, image: Any, path: Path) -> None:
        # Cameras write a second, smaller picture into one file (MPO), which nobody takes for an animation.
        if self._warned_of_frames or image.format == "MPO" or not getattr(image, "is_animated", False):
            return
        self._warned_of_frames = True
        message = f"{path}: of pictures with several frames or pages only the first is read"
        warnings.warn(message, stacklevel=3)


_warnings = threading.Lock()


@contextmanager
def _without_warnings() -> Generator[None]:
    # `catch_warnings` changes a filter of the whole process, and two threads may not do that at once.
    with _warnings, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


_ORIENTATION = 0x0112
_FIRST_SIDEWAYS = 5
"""EXIF orientations 5 to 8 exchange width and height."""


def _orientation(image: Any) -> int:
    """The EXIF orientation, 1 to 8; 1 where there is none or it cannot be read."""
    try:
        with _without_warnings():
            number = image.getexif().get(_ORIENTATION, 1)
    except _DAMAGED:
        return 1  # broken metadata is no reason to refuse the picture
    return number if number in range(1, 9) else 1


def _turned(image: Any) -> Any:
    """The picture as the camera was held."""
    image.load()
    transpose = require("PIL.Image", extra="image").Transpose
    turns = {
        2: transpose.FLIP_LEFT_RIGHT,
        3: transpose.ROTATE_180,
        4: transpose.FLIP_TOP_BOTTOM,
        5: transpose.TRANSPOSE,
        6: transpose.ROTATE_270,
        7: transpose.TRANSVERSE,
        8: transpose.ROTATE_90,
    }
    turn = turns.get(_orientation(image))
    if turn is None:
        return image
    turned = image.transpose(turn)
    # `transpose` keeps the colour key of a picture in `info`, and the palette; only the orientation has been used up.
    turned.info = dict(image.info)
    return turned
