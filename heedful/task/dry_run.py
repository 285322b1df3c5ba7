"""What a run would do, without training: how many examples, steps and parameters, and about how much memory."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from heedful.task.base import Task
from heedful.task.batches import Batches
from heedful.task.contract import check_model, check_parts, check_prepared
from heedful.task.custom import Custom, build_model, check_custom
from heedful.task.duration import with_enough_steps
from heedful.task.engine import Sets
from heedful.train import Ranks, TrainSettings
from heedful.train.schedule import make_rates

_PROBED = 20  # batches, of which the largest is read to measure memory
_COPIES = 4  # of the weights: themselves, their gradients, and two averages of the optimiser
_MIB = 2**20


def planned(
    task: Task[Any, Any], config: Any, sets: Sets, *, say: Callable[[str], None], custom: Custom | None = None
) -> dict[str, Any]:
    """Everything up to the first step of a run, without writing a file; returns sizes by name.

    The memory is that of weights, gradients and optimiser, and of what the forward pass of a large batch keeps for the
    backward pass. `say` takes lines about the data.
    Raises: UserError, as training does for data and settings that do not fit.
    """
    code = custom or {}
    check_custom(config, code)
    config = task.settle(config, sets.train)
    if sets.valid is None:
        held = task.hold_out(config, sets.train)
        sets = Sets(held.train, held.valid, sets.test)
        say(held.note)
    parts = check_parts(task, task.learn(config, sets.train))
    torch.manual_seed(config.train.seed)
    sizes = task.sizes(config, parts)
    model = build_model(config, sizes, code)
    check_model(task, model)
    predictor = task.predictor(config, model, parts, task=task)
    notes = task.begin(config, model, parts)
    prepared = check_prepared(task, task.prepare(predictor, sets.train, sets.valid))
    plan = prepared.train.plan(config.train, Ranks(0, 1))
    batches = Batches(plan, prepared.train.collate)
    settings, more = with_enough_steps(config.train, len(batches))
    for line in (*notes, *prepared.warnings, *more):
        say(line)
    numbers: dict[str, Any] = {"model": config.model_name}
    counted = {"training examples": sets.train, "validation examples": sets.valid, "test examples": sets.test}
    # One long text, as of a language model, is not a number of examples.
    numbers |= {name: len(examples) for name, examples in counted.items() if isinstance(examples, list)}
    numbers |= {name.replace("_", " "): size for name, size in sizes.items() if isinstance(size, int)}
    return numbers | _steps(settings, len(batches)) | _memory(model, batches)


def _steps(settings: TrainSettings, epoch_steps: int) -> dict[str, Any]:
    total = make_rates(settings, epoch_steps).total
    numbers: dict[str, Any] = {"steps of an epoch": epoch_steps}
    if settings.epochs is not None:
        numbers["epochs"] = settings.epochs
    numbers["steps"] = "until another limit" if total is None else total
    if settings.minutes is not None:
        numbers["minutes at most"] = settings.minutes
    return numbers


def _memory(model: nn.Module, batches: Batches[Any]) -> dict[str, Any]:
    """The number of parameters, and estimates of memory in MiB."""
    parameters = sum(parameter.numel() for parameter in model.parameters())
    weights = sum(p.numel() * p.element_size() for p in model.parameters()) * _COPIES
    kept = _kept_bytes(model, batches)
    return {
        "parameters": parameters,
        "memory of weights and optimiser": f"{weights / _MIB:.0f} MiB",
        "memory of a large batch": f"about {kept / _MIB:.0f} MiB",
    }


def _kept_bytes(model: nn.Module, batches: Batches[Any]) -> int:
    """What the forward pass of the largest of some batches keeps for the backward pass."""
    some = [batch for batch, _ in zip(batches, range(_PROBED), strict=False)]
    largest = max(some, key=lambda batch: batch.tokens_total)
    # Weights are counted with the optimiser.
    of_parameters = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
    storages: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in of_parameters:
            storages[storage.data_ptr()] = storage.nbytes()
        return tensor

    kept: Any = model.train()
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        # The loss keeps all saved tensors alive, so that no two of them have the same address.
        loss = kept.loss(largest)
    del loss
    return sum(storages.values())
