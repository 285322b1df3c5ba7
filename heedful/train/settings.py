"""The settings of training, with defaults and ranges."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Count = Annotated[int, Field(ge=1)]
Amount = Annotated[float, Field(gt=0)]


class TrainSettings(BaseModel):
    """When to stop, how fast to learn, and what to keep, whatever the model.

    Training stops at the first limit reached among `epochs`, `steps`, `minutes` and `patience`. A step is one batch
    over all devices. Minutes include validation and the time before an interruption, but not the final averaging.
    `least_steps` is read by the tasks, which know how many batches an epoch has; `fit` ignores it.
    Raises: pydantic.ValidationError, for an unknown name, a value out of range, or no limit at all.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    epochs: Count | None = Field(default=20, description="stop after this many passes over the data; null: no limit")
    steps: Count | None = Field(default=None, description="stop after this many batches; null: no limit")
    minutes: Amount | None = Field(default=None, description="stop after this many minutes; null: no limit")
    least_steps: int = Field(
        default=0, ge=0, description="with few examples, train for more than epochs to reach this many batches; 0: no"
    )
    patience: int = Field(default=0, ge=0, description="validations without a new best before stopping; 0: never")

    tokens: Count = Field(default=4096, description="padded tokens per batch, over all devices")
    rate: Amount = Field(default=1e-3, description="highest learning rate")
    warmup: int = Field(default=400, ge=0, description="steps of linear warmup to the highest rate")
    schedule: Literal["inverse-sqrt", "cosine", "constant"] = Field(
        default="inverse-sqrt", description="how the learning rate falls after the warmup"
    )
    clip: float = Field(default=1.0, ge=0, description="maximum gradient norm; 0: no clipping")
    weight_decay: float = Field(default=0.01, ge=0, description="not on biases, norms and embeddings")

    seed: int = Field(default=1, ge=0, description="of initial weights, dropout, batches and held-out examples")
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        default="auto", description="of matrix products; auto: bfloat16 where the hardware supports it"
    )
    devices: Count = Field(default=1, description="processes on this machine, one per GPU if there are GPUs")

    metric: str = Field(default="valid_bleu", description="the validation metric that selects the best weights")
    valid_every: Count | None = Field(default=None, description="steps between validations; null: once an epoch")
    average: int = Field(default=5, ge=0, description="how many validated weights to average at the end; 0 or 1: none")
    log: Literal["none", "csv", "tensorboard", "wandb"] = Field(
        default="none", description="a logger that gets the numbers of metrics.jsonl, too, as --log gives it"
    )
    log_every: Count = Field(default=50, description="steps between lines of metrics.jsonl")
    save_every: Count | None = Field(
        default=None, description="steps between checkpoints, in addition to save_minutes; null: none"
    )
    save_minutes: Amount = Field(default=5.0, description="minutes between checkpoints")

    @model_validator(mode="after")
    def _has_an_end(self) -> "TrainSettings":
        if self.epochs is None and self.steps is None and self.minutes is None:
            raise ValueError("training would never end: set at least one of epochs, steps, minutes")
        return self
