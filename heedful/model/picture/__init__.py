"""Encoders of pictures: a convolutional network of our own, precomputed features, and any network of the user's."""

from heedful.model.picture.config import PictureConfig
from heedful.model.picture.encoder import FeatureEncoder, PictureEncoder, build_picture_encoder

__all__ = ["FeatureEncoder", "PictureConfig", "PictureEncoder", "build_picture_encoder"]
