"""From any mode of Pillow to RGB: 16-bit grey scaled, transparency laid on white, CMYK through its colour profile."""

import io
from typing import Any

import numpy as np

from heedful.errors import UserError, require

_WHITE = (255, 255, 255, 255)


def to_rgb(image: Any) -> np.ndarray:
    """A loaded image of Pillow as RGB, uint8 ``[height, width, 3]``.

    Raises: UserError, for numbers whose range is not known; OSError and others, as Pillow does.
    """
    if image.mode.startswith("I;16"):
        return _grey16(np.asarray(image).astype(np.uint16), image.info.get("transparency"))
    if image.mode == "I":
        return _wide_integers(image)
    if image.mode == "F":
        raise UserError("this picture holds floating-point numbers of unknown range", hint="convert it to 8 or 16 bits")
    if image.mode == "CMYK":
        return np.array(_through_profile(image))
    if "transparency" in image.info or image.mode in ("RGBA", "LA", "PA", "RGBa", "La"):
        return _on_white(image)
    return np.array(image.convert("RGB"))


def _grey16(numbers: np.ndarray, key: Any) -> np.ndarray:
    # 65,535 is white in 16 bits and 255 in 8: their ratio is 257. Pillow's own conversion cuts at 255, so all is white.
    grey = ((numbers.astype(np.uint32) + 128) // 257).astype(np.uint8)
    if isinstance(key, int):  # one grey level that stands for transparent
        grey = np.where(numbers == key, np.uint8(255), grey)
    return np.repeat(grey[:, :, None], 3, axis=2)


def _wide_integers(image: Any) -> np.ndarray:
    """Pillow has 16-bit grey of some formats (PGM, older PNG readers) as 32-bit integers."""
    if image.format not in ("PNG", "PPM", None):
        raise UserError("this picture holds 32-bit integers of unknown range", hint="convert it to 8 or 16 bits")
    numbers = np.asarray(image)
    if numbers.min(initial=0) < 0 or numbers.max(initial=0) > np.iinfo(np.uint16).max:
        raise UserError("this picture holds integers beyond 16 bits", hint="convert it to 8 or 16 bits")
    return _grey16(numbers.astype(np.uint16), image.info.get("transparency"))


def _on_white(image: Any) -> np.ndarray:
    pillow = require("PIL.Image", extra="image")
    straight = image.convert({"RGBa": "RGBA", "La": "LA"}.get(image.mode, "RGBA"))
    straight = straight.convert("RGBA")  # of LA, in a second step
    white = pillow.new("RGBA", straight.size, _WHITE)
    return np.array(pillow.alpha_composite(white, straight).convert("RGB"))


def _through_profile(image: Any) -> Any:
    """CMYK as RGB. Without a profile, or with one that cannot be used, by the plain formula (1 - C) (1 - K)."""
    profile = image.info.get("icc_profile")
    if not profile:
        return image.convert("RGB")
    try:
        cms = require("PIL.ImageCms", extra="image")
    except ImportError:  # a Pillow that was built without LittleCMS
        return image.convert("RGB")
    try:
        source, target = cms.ImageCmsProfile(io.BytesIO(profile)), cms.createProfile("sRGB")
        return cms.profileToProfile(image, source, target, outputMode="RGB")
    except (cms.PyCMSError, OSError):
        return image.convert("RGB")
