"""The counters of a run, as values that JSON can hold."""

import json
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from heedful.errors import UserError


@dataclass
class RunState:
    """The counters of a run; with the weights, optimiser and random states they make a checkpoint.

    `step`: steps done. `epoch`: the epoch of the last step, from 1. `epochs_done`: complete epochs. `epoch_steps`:
    steps in an epoch, once known. `position`: the stream's state. `recent_seconds`, `recent_tokens`: since the last
    line of metrics.jsonl. `history`: step and metric of each validation. `kept`: which weights `model.safetensors`
    holds. `waited`: validations since the best one. `pending`: a validation is due. `finished`: the reason, once all
    is done.
    """

    step: int = 0
    epoch: int = 0
    epochs_done: int = 0
    epoch_steps: int | None = None
    position: dict[str, Any] | None = None
    seconds: float = 0.0
    training_seconds: float = 0.0
    tokens: int = 0
    recent_seconds: float = 0.0
    recent_tokens: int = 0
    history: list[tuple[int, float]] = field(default_factory=list[tuple[int, float]])
    best: float | None = None
    kept: str = ""
    waited: int = 0
    pending: bool = False
    finished: str | None = None

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str, *, where: str) -> "RunState":
        """Reads what `to_json` wrote.

        Raises: UserError, when it is something else.
        """
        try:
            values = json.loads(text)
            if set(values) != {entry.name for entry in fields(cls)}:
                raise ValueError(f"its fields are {', '.join(sorted(values))}")
            values["history"] = [(int(step), float(metric)) for step, metric in values["history"]]
            return cls(**values)
        except (ValueError, TypeError) as error:
            raise UserError(
                f"this is not a training state of this version: {error}",
                where=where,
                hint="resume with the version that wrote it, or train again in another folder",
            ) from error
