"""Pictures: files as a person sees them, tables that name them, a model's input, features on disk, and checks."""

from heedful.data.image.augment import Augmentation, Colour, Flip, RandomCrop, mirrored
from heedful.data.image.augmenter import AUGMENTATIONS, Augmenter
from heedful.data.image.cache import GridNetwork, compute_features
from heedful.data.image.feature_folder import FeatureFolder
from heedful.data.image.find import PictureFinder, find_picture
from heedful.data.image.fit import CentreCrop, Fit, Fitted, Letterbox, Stretch, resized
from heedful.data.image.input import PictureInput, load_picture_input
from heedful.data.image.loading import Loaded, PictureSet, at_row, load_pictures
from heedful.data.image.picture import Picture, PictureReader
from heedful.data.image.png import write_png
from heedful.data.image.question import picture_paths
from heedful.data.image.report import check_pictures, distribution
from heedful.data.image.spec import FeatureSpec, load_feature_spec
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
    "AUGMENTATIONS",
    "Augmentation",
    "Augmenter",
    "Captioned",
    "CentreCrop",
    "Colour",
    "FeatureFolder",
    "FeatureSpec",
    "Fit",
    "Fitted",
    "Flip",
    "GridNetwork",
    "LabelledPicture",
    "Letterbox",
    "Loaded",
    "Picture",
    "PictureExample",
    "PictureFinder",
    "PictureInput",
    "PictureReader",
    "PictureSet",
    "RandomCrop",
    "Stretch",
    "at_row",
    "caption_columns",
    "check_pictures",
    "compute_features",
    "distribution",
    "find_picture",
    "label_columns",
    "load_feature_spec",
    "load_picture_input",
    "load_pictures",
    "mirrored",
    "picture_paths",
    "read_captions",
    "read_labelled_pictures",
    "resized",
    "write_png",
]
