"""The settings of a classifier of pictures: data, model, train, answer."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from heedful.data.image.augmenter import AUGMENTATIONS
from heedful.model.names import known
from heedful.task.config import PRECISION, DataSettings, RunConfig
from heedful.task.label_image.models import MODELS
from heedful.task.models import Models


class LabelledPictureSettings(DataSettings):
    """The data files, and how pictures are read.

    Pictures are held out of each label. Names of pictures are relative to `pictures`, or else to the folder of the
    table. With `features`, the model reads the file ``NAME.npy`` in that folder in place of the pixels of NAME.jpg.
    Training pictures that cannot be read are left out and reported, unless `strict`. `attributes` is a table for the
    model attribute-guided.
    """

    image_column: str = Field(default="image", description="the column with the name of the picture")
    label_column: str = Field(default="label", description="the column with its label")
    pictures: str | None = Field(default=None, description="folder of the pictures; null: that of the table")
    features: str | None = Field(default=None, description="folder of precomputed features; null: pixels are read")
    attributes: str | None = Field(default=None, description="table of the attributes of labels, for attribute-guided")
    height: int = Field(default=64, ge=1, description="height of a picture as the model reads it, in pixels")
    width: int = Field(default=64, ge=1, description="width of a picture as the model reads it, in pixels")
    fit: Literal["crop", "letterbox", "stretch"] = Field(
        default="letterbox", description="how a picture gets that size: its middle, all with white beside it, or all"
    )
    augment: tuple[str, ...] = Field(
        default=(), description=f"random changes of training pictures: {', '.join(AUGMENTATIONS)}"
    )
    max_megapixels: float = Field(default=40.0, gt=0, description="larger pictures are refused")
    strict: bool = Field(default=False, description="stop at a picture that cannot be read")
    cache: int = Field(default=1000, ge=0, description="megabytes of pictures that are kept in memory")

    @field_validator("augment")
    @classmethod
    def _known_changes(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(known(name, AUGMENTATIONS, what="augmentation") for name in names)


class AnswerSettings(BaseModel):
    """How pictures are labelled. With `precision` "auto", products use bfloat16 where the hardware supports it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pictures: int = Field(default=64, ge=1, description="pictures in a batch")
    precision: Literal["auto", "float32", "bfloat16"] = Field(default="auto", description=PRECISION)


class LabelImageConfig(RunConfig, frozen=True):
    """All settings of a classifier of pictures; a run folder keeps them in ``config.yaml``.

    `labels` are the classes in order, taken from the training pictures. `train.tokens` counts pictures.
    """

    models: ClassVar[Models] = MODELS
    least_steps: ClassVar[int] = 500
    defaults: ClassVar[Mapping[str, Any]] = {
        "train": {"metric": "valid_accuracy", "tokens": 64, "schedule": "cosine", "warmup": 50, "average": 3}
    }
    settled: ClassVar[tuple[str, ...]] = ("labels",)
    changeable: ClassVar[tuple[str, ...]] = (
        "answer",
        "data.image_column",
        "data.label_column",
        "data.pictures",
        "data.features",
    )

    task: Literal["label-image"] = "label-image"
    data: LabelledPictureSettings = Field(default=LabelledPictureSettings(), description="files and pictures")
    answer: AnswerSettings = Field(default=AnswerSettings(), description="how pictures are labelled")
    labels: tuple[str, ...] = Field(default=(), description="the labels, taken from the training pictures")
