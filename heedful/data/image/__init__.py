"""Pictures: files as a person sees them, tables that name them, fitting to a model's size, and augmentation."""

from heedful.data.image.augment import Augmentation, Colour, Flip, RandomCrop, mirrored
from heedful.data.image.find import PictureFinder, find_picture
from heedful.data.image.fit import CentreCrop, Fit, Fitted, Letterbox, Stretch, resized
from heedful.data.image.input import PictureInput, load_picture_input
from heedful.data.image.picture import Picture, PictureReader
from heedful.data.image.table import (
    Captioned,
    LabelledPicture,
    PictureExample,
    caption_columns,
    label_columns,
    read_captions,
    read_labelled_pictures,
)

__all__ = [
    "Augmentation",
    "Captioned",
    "CentreCrop",
    "Colour",
    "Fit",
    "Fitted",
    "Flip",
    "LabelledPicture",
    "Letterbox",
    "Picture",
    "PictureExample",
    "PictureFinder",
    "PictureInput",
    "PictureReader",
    "RandomCrop",
    "Stretch",
    "caption_columns",
    "find_picture",
    "label_columns",
    "load_picture_input",
    "mirrored",
    "read_captions",
    "read_labelled_pictures",
    "resized",
]
