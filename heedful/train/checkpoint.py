"""The files of a run: the training state, the best weights, and the weights at past validations.

The training state is a single file, so that one atomic rename replaces all of it: weights, optimiser, counters, the
stream's position, every rank's random states. It holds tensors and JSON, never pickled objects.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from heedful.errors import UserError
from heedful.store import load_tensors, read_metadata, save_tensors
from heedful.train.state import RunState

MODEL, TRAINING, METRICS = "model.safetensors", "training.safetensors", "metrics.jsonl"
SNAPSHOTS = "checkpoints"
_STATE = "heedful.state"  # the key of the counters in the file's header


@dataclass
class Checkpoint:
    """A training state read from a file: counters, weights, optimiser state, and the state of each rank."""

    state: RunState
    model: dict[str, Tensor]
    optimiser: dict[str, Tensor]
    ranks: dict[int, dict[str, Tensor]]


def save_training(
    folder: Path,
    state: RunState,
    *,
    model: nn.Module,
    optimiser: Mapping[str, Tensor],
    ranks: Sequence[dict[str, Tensor]],
) -> None:
    """Writes the training state, replacing the previous one.

    Raises: UserError, when the disk is full or the folder is not writable; the previous state is then untouched.
    """
    tensors = {f"model/{name}": value for name, value in model.state_dict().items()}
    tensors |= {f"optimiser/{name}": value for name, value in optimiser.items()}
    tensors |= {
        f"rank/{rank}/{name}": value for rank, tensors_of in enumerate(ranks) for name, value in tensors_of.items()
    }
    save_tensors(folder / TRAINING, tensors, {_STATE: state.to_json()})


def load_training(folder: Path) -> Checkpoint:
    """Reads the training state.

    Raises: UserError, when it is missing or damaged.
    """
    path = folder / TRAINING
    state = RunState.from_json(read_metadata(path).get(_STATE, ""), where=str(path))
    saved = Checkpoint(state, {}, {}, {})
    for entry, value in load_tensors(path).items():
        kind, _, name = entry.partition("/")
        if kind == "rank":
            rank, _, name = name.partition("/")
            saved.ranks.setdefault(int(rank), {})[name] = value
        else:
            {"model": saved.model, "optimiser": saved.optimiser}[kind][name] = value
    return saved


def load_weights(model: nn.Module, saved: Checkpoint, folder: Path) -> None:
    """Loads saved weights into the model.

    Raises: UserError, when names or shapes of the weights differ; names the first difference.
    """
    expected = model.state_dict()
    # All names are checked before any weight is loaded: an error leaves the model as it was.
    for name in sorted(expected.keys() | saved.model.keys()):
        shapes = [list(part[name].shape) if name in part else "nothing" for part in (saved.model, expected)]
        if shapes[0] != shapes[1]:
            raise UserError(
                f"this training state belongs to another model: {name!r} is {shapes[0]} in the file "
                f"and {shapes[1]} in the model",
                where=str(folder / TRAINING),
                hint="resume with the settings that the run started with, or train in another folder",
            )
    model.load_state_dict(saved.model)


def save_model(folder: Path, model: nn.Module) -> None:
    """Writes `model.safetensors`, the weights used for prediction."""
    save_tensors(folder / MODEL, model.state_dict())


def save_snapshot(folder: Path, model: nn.Module, step: int) -> None:
    """Saves the weights at this step for averaging later."""
    save_tensors(_snapshot(folder, step), model.state_dict())


def prune_snapshots(folder: Path, keep: Collection[int]) -> None:
    """Deletes the saved weights of all steps except those in `keep`."""
    kept = {_snapshot(folder, step) for step in keep}
    for path in (folder / SNAPSHOTS).glob("step-*.safetensors"):
        if path not in kept:
            path.unlink(missing_ok=True)


def average_snapshots(folder: Path, steps: Sequence[int]) -> dict[str, Tensor]:
    """The mean of the weights saved at these steps, summed in float64.

    Integer tensors, such as counters, are taken from the last step.
    Raises: UserError, when a file is missing or damaged.
    """
    sums: dict[str, Tensor] = {}
    last: dict[str, Tensor] = {}
    for step in steps:
        last = load_tensors(_snapshot(folder, step))
        for name, value in last.items():
            sums[name] = sums[name] + value.to(torch.float64) if name in sums else value.to(torch.float64)
    return {
        name: (sums[name] / len(steps)).to(value.dtype) if value.is_floating_point() else value
        for name, value in last.items()
    }


def _snapshot(folder: Path, step: int) -> Path:
    return folder / SNAPSHOTS / f"step-{step:08d}.safetensors"
