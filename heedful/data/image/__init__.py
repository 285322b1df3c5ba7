"""Pictures: reading files as a person sees them, fitting them to a model's size, and augmentation."""

from heedful.data.image.augment import Augmentation, Colour, Flip, RandomCrop, mirrored
from heedful.data.image.fit import CentreCrop, Fit, Fitted, Letterbox, Stretch, resized
from heedful.data.image.picture import Picture, PictureReader, find_picture

__all__ = [
    "Augmentation",
    "CentreCrop",
    "Colour",
    "Fit",
    "Fitted",
    "Flip",
    "Letterbox",
    "Picture",
    "PictureReader",
    "RandomCrop",
    "Stretch",
    "find_picture",
    "mirrored",
    "resized",
]
