"""What a user may choose about training, with its defaults and its limits."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Count = Annotated[int, Field(ge=1)]
Amount = Annotated[float, Field(gt=0)]


class TrainSettings(BaseModel):
    """How to train, whatever the model: when to stop, how fast to learn, what to keep.

    Training stops at the first limit reached among `epochs`, `steps`, `minutes` and `patience`. Steps count batches
    of all devices together; minutes count over interruptions, validation included, the final averaging not.
    Raises: pydantic.ValidationError, for an unknown name, a value out of range, or no limit at all.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    epochs: Count | None = 20
    steps: Count | None = None
    minutes: Amount | None = None
    patience: int = Field(default=0, ge=0, description="validations without a new best before stopping; 0: never")

    tokens: Count = Field(default=4096, description="padded tokens of a batch, all devices together")
    rate: Amount = Field(default=1e-3, description="highest learning rate")
    warmup: int = Field(default=400, ge=0, description="steps until the highest rate")
    schedule: Literal["inverse-sqrt", "cosine", "constant"] = "inverse-sqrt"
    clip: float = Field(default=1.0, ge=0, description="longest gradient; 0: any")
    weight_decay: float = Field(default=0.01, ge=0, description="not on biases, norms and embeddings")

    seed: int = Field(default=1, ge=0)
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    devices: Count = Field(default=1, description="processes on this machine, one a GPU where there are GPUs")

    metric: str = Field(default="valid_bleu", description="which number of the validation is to be best")
    valid_every: Count | None = Field(default=None, description="steps between validations; None: once an epoch")
    average: int = Field(default=5, ge=0, description="validated weights to average at the end; 0 or 1: none")
    log_every: Count = Field(default=50, description="steps between lines of metrics.jsonl")
    save_every: Count | None = Field(default=None, description="steps between checkpoints, beside `save_minutes`")
    save_minutes: Amount = 5.0

    @model_validator(mode="after")
    def _has_an_end(self) -> "TrainSettings":
        if self.epochs is None and self.steps is None and self.minutes is None:
            raise ValueError("training would never end: give at least one of epochs, steps, minutes")
        return self
