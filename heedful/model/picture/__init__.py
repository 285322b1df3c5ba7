"""Encoders of pictures: a convolutional network of our own, precomputed features, and any network of the user's."""

from heedful.model.picture.config import PictureConfig
from heedful.model.picture.encoder import FeatureEncoder, PictureEncoder, build_picture_encoder
from heedful.model.picture.features import GridFeatures, NetworkEncoder, load_weights

__all__ = [
    "FeatureEncoder",
    "GridFeatures",
    "NetworkEncoder",
    "PictureConfig",
    "PictureEncoder",
    "build_picture_encoder",
    "load_weights",
]
