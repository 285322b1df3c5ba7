"""The parts of a classifier of pictures: how pictures are read, and the attributes of labels."""

from collections.abc import Sequence
from pathlib import Path

import torch

from heedful.data.image import FeatureFolder, PictureInput, load_feature_spec, load_picture_input
from heedful.data.image.attributes import AttributeTable, load_attributes, read_attributes
from heedful.data.image.table import LabelledPicture
from heedful.errors import UserError
from heedful.model.picture.attribute_guided import PartAttributes
from heedful.task.base import Parts
from heedful.task.config import ModelChoice
from heedful.task.label_image.config import LabelImageConfig
from heedful.task.label_image.reader import FeatureReader, PixelReader, Reader

PICTURE, FEATURES, ATTRIBUTES = "picture", "features", "attributes"
"""The names of the parts in the run folder."""


def with_features(config: LabelImageConfig) -> LabelImageConfig:
    """The settings with the width of the features that are read; unchanged where pixels are.

    Raises: UserError, when the folder holds no features, or the model reads nothing but pixels.
    """
    if config.data.features is None:
        return config
    dim, settings = FeatureFolder(config.data.features).spec.dim, config.model.settings
    if not hasattr(settings, "picture"):
        hint = "leave --features out, or choose another model"
        raise UserError(f"the model {config.model_name!r} reads pixels, and no features", hint=hint)
    picture = settings.picture.model_copy(update={"features": dim})
    model = ModelChoice(name=config.model.name, settings=settings.model_copy(update={"picture": picture}))
    return config.model_copy(update={"model": model})


def learn_parts(config: LabelImageConfig, examples: Sequence[LabelledPicture]) -> Parts:
    """How pictures are read, with the mean and deviation of the training pictures; and the table of attributes.

    Raises: UserError, when no picture can be read, or the folder of features or the table cannot be used.
    """
    data, parts = config.data, dict[str, object]()
    if data.features is None:
        parts[PICTURE] = PictureInput.learn(
            [example.picture for example in examples],
            height=data.height,
            width=data.width,
            fit=data.fit,
            max_megapixels=data.max_megapixels,
        )
    else:
        parts[FEATURES] = FeatureFolder(data.features).spec
    if data.attributes is not None:
        parts[ATTRIBUTES] = read_attributes(Path(data.attributes), config.labels)
    return parts


def read_parts(config: LabelImageConfig, folder: Path) -> Parts:
    """The parts in a run folder.

    Raises: UserError, when a file is missing or damaged.
    """
    data = config.data
    parts: dict[str, object] = (
        {PICTURE: load_picture_input(folder, PICTURE)}
        if data.features is None
        else {FEATURES: load_feature_spec(folder, FEATURES)}
    )
    return parts if data.attributes is None else parts | {ATTRIBUTES: load_attributes(folder, ATTRIBUTES)}


def reader_of(config: LabelImageConfig, parts: Parts) -> Reader:
    """How pictures are read.

    Raises: UserError, when features are read and their folder is missing or holds others than those of training.
    """
    if PICTURE in parts:
        return PixelReader(parts[PICTURE])
    if config.data.features is None:
        hint = "name the folder with the features of the pictures: --set data.features=DIR"
        raise UserError("this run reads features of pictures", hint=hint)
    return FeatureReader(Path(config.data.features), parts[FEATURES])


def attributes_of(parts: Parts) -> PartAttributes | None:
    """The attributes of labels as the model takes them; None without a table."""
    table: AttributeTable | None = parts.get(ATTRIBUTES)
    return None if table is None else PartAttributes(torch.tensor(table.values), table.by_part)
