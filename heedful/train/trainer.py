"""Lightning's trainer, and the rank of this process among those that train together."""

import inspect
import logging
import os
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
from torch.nn.parallel import DistributedDataParallel

from heedful.errors import UserError, require
from heedful.train.ranks import Ranks

if TYPE_CHECKING:
    from lightning.pytorch import Trainer

_NOISY_LOGGERS = ("lightning.pytorch", "lightning.fabric")
_IGNORED_WARNINGS = (
    "GPU available but not used",  # Apple's
    ".*LeafSpec.* is deprecated",  # Lightning's use of torch, nothing that a user could mend
)


def init_ranks(devices: int = 1) -> Ranks:
    """The rank of this process and the number of processes, before training starts; a stream of batches needs both.

    Under torchrun its own numbers count, not `devices`; otherwise `fit` starts `devices` processes, each of which
    runs the program from its beginning, and this tells them apart.
    Raises: UserError, when there are fewer GPUs than devices, or Lightning is not installed.
    """
    trainer = make_trainer(devices)
    return Ranks(trainer.global_rank, trainer.world_size)


def make_trainer(devices: int) -> "Trainer":
    """Lightning's trainer without anything that a step would have to pay for, on GPUs where there are any."""
    lightning = require("lightning.pytorch", extra="train")
    nodes = 1
    if "TORCHELASTIC_RUN_ID" in os.environ:
        devices = int(os.environ["LOCAL_WORLD_SIZE"])
        nodes = int(os.environ["WORLD_SIZE"]) // devices
    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if gpus and devices > gpus:
        raise UserError(f"{devices} devices were asked for, and this machine has {gpus} GPU", hint=f"devices: {gpus}")
    with quiet_lightning():
        return lightning.Trainer(
            accelerator="cuda" if gpus else "cpu",
            devices=devices,
            num_nodes=nodes,
            strategy=_ddp_strategy() if devices * nodes > 1 else "auto",
            use_distributed_sampler=False,  # the stream gives each rank its share
            max_epochs=-1,  # we say when to stop
            barebones=True,
        )


def _ddp_strategy() -> object:
    strategies = require("lightning.pytorch.strategies", extra="train")
    # Our models' buffers are tables of constants: sending them before every step would be for nothing.
    names = inspect.signature(DistributedDataParallel).parameters
    sync_buffers = "forward_sync_buffers" if "forward_sync_buffers" in names else "broadcast_buffers"
    return strategies.DDPStrategy(gradient_as_bucket_view=True, **{sync_buffers: False})


@contextmanager
def quiet_lightning() -> Generator[None]:
    """Keeps Lightning's remarks about itself and its cloud from the screen; errors still show."""
    levels = {name: logging.getLogger(name).level for name in _NOISY_LOGGERS}
    try:
        for name in _NOISY_LOGGERS:
            logging.getLogger(name).setLevel(logging.ERROR)
        with warnings.catch_warnings():
            for message in _IGNORED_WARNINGS:
                warnings.filterwarnings("ignore", message=message)
            yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
