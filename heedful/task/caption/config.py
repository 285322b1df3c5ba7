"""The settings of a captioner: data, model, train, decode."""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from heedful.data.image import Augmenter
from heedful.data.image.input import FITS
from heedful.model.names import check_names
from heedful.task.caption.models import MODELS
from heedful.task.config import LOWERCASE, PRECISION, DataSettings, RunConfig
from heedful.task.models import Models
from heedful.task.tokenisers import TokeniserSettings

WORDS = TokeniserSettings(tokeniser="word", size=10_000)


class CaptionSettings(DataSettings):
    """The data files, and how pictures and captions are read.

    Names of pictures are relative to `pictures`, or else to the folder of the table. With `features`, the model reads
    features of cells in that folder in place of pixels (see `heedful.data.image.FeatureFolder`). A picture is held out
    with all of its captions. Training captions of more than `max_length` tokens are left out and reported, and so are
    pictures that cannot be read, unless `strict`.
    """

    image_column: str = Field(default="image", description="the column with the name of the picture")
    caption_column: str = Field(default="caption", description="the column with its caption")
    pictures: str | None = Field(default=None, description="folder of the pictures; null: that of the table")
    features: str | None = Field(default=None, description="folder of precomputed features; null: pixels are read")
    height: int = Field(default=64, ge=1, description="height of a picture as the model reads it, in pixels")
    width: int = Field(default=64, ge=1, description="width of a picture as the model reads it, in pixels")
    fit: str = Field(
        default="letterbox", description="how a picture gets that size: its middle, all with white beside it, or all"
    )
    max_megapixels: float = Field(default=40.0, gt=0, description="larger pictures are refused")
    strict: bool = Field(default=False, description="stop at a picture that cannot be read")
    augment: tuple[str, ...] = Field(
        default=(),
        description="random changes of training pictures: crop, flip (not where captions say left and right), colour",
    )
    cache: int = Field(default=1000, ge=0, description="megabytes of pictures that are kept in memory")
    text: TokeniserSettings = Field(default=WORDS, description="the tokeniser of captions")
    lowercase: bool = Field(default=True, description=LOWERCASE)
    max_length: int = Field(default=60, ge=1, description="most tokens of a training caption; others are left out")
    valid_most: int = Field(default=500, ge=1, description="validation uses at most this many pictures")

    @classmethod
    def choices(cls) -> dict[str, Iterable[str]]:
        """The names that settings may have."""
        return {"fit": FITS}

    @model_validator(mode="after")
    def _names_are_known(self) -> "CaptionSettings":
        check_names(self)
        Augmenter(self.augment)  # which knows its names
        return self


class DecodeSettings(BaseModel):
    """How captions are searched for; they have at most `longest` tokens, EOS included."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    beam: int = Field(default=3, ge=1, description="width of the beam search; 1: greedy")
    length_penalty: float = Field(default=1.0, ge=0, description="how much longer captions are preferred")
    longest: int = Field(default=40, ge=1, description="most tokens of a caption")
    pictures: int = Field(default=64, ge=1, description="pictures in a batch")
    precision: Literal["auto", "float32", "bfloat16"] = Field(default="auto", description=PRECISION)


class CaptionConfig(RunConfig, frozen=True):
    """All settings of a captioner; a run folder keeps them in ``config.yaml``."""

    models: ClassVar[Models] = MODELS
    least_steps: ClassVar[int] = 1000
    defaults: ClassVar[Mapping[str, Any]] = {
        "train": {
            "metric": "valid_cider_d",
            "tokens": 600,
            "rate": 2e-3,
            "warmup": 100,
            "schedule": "cosine",
            "epochs": 30,
        }
    }
    changeable: ClassVar[tuple[str, ...]] = (
        "decode",
        "data.pictures",
        "data.features",
        "data.image_column",
        "data.cache",
    )

    task: Literal["caption"] = "caption"
    data: CaptionSettings = Field(default=CaptionSettings(), description="files, pictures and captions")
    decode: DecodeSettings = Field(default=DecodeSettings(), description="how captions are searched for")

    @property
    def longest(self) -> int:
        """The most tokens of a caption, EOS included: a limit of ``decode``, or of the model."""
        positions = getattr(self.model.settings, "longest_target", None)
        return self.decode.longest if positions is None else min(self.decode.longest, positions)
