"""Lightning's trainer, and the rank of this process among those that train together."""

import inspect
import logging
import os
import sys
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch.nn.parallel import DistributedDataParallel

from heedful.errors import UserError, require
from heedful.train.ranks import Ranks

if TYPE_CHECKING:
    from lightning.pytorch import Trainer

_NOISY_LOGGERS = ("lightning.pytorch", "lightning.fabric")
_IGNORED_WARNINGS = (
    "GPU available but not used",  # of Apple, which we do not train on
    ".*LeafSpec.* is deprecated",  # Lightning's use of torch, which a user cannot change
)


def init_ranks(devices: int = 1) -> Ranks:
    """The rank of this process and the number of processes, before training starts; a stream of batches needs both.

    Under torchrun its environment variables decide, not `devices`. Otherwise `fit` starts `devices` processes that each
    run the program from its beginning, and this function tells them apart.
    Raises: UserError, when there are fewer GPUs than devices, Lightning is not installed, or this program cannot be
        started again for the other processes.
    """
    if devices > 1:
        _check_has_file(devices)
    trainer = make_trainer(devices)
    return Ranks(trainer.global_rank, trainer.world_size)


def make_trainer(devices: int) -> "Trainer":
    """Lightning's trainer with everything switched off that slows a step down; on GPUs if there are any."""
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
            use_distributed_sampler=False,  # the stream itself yields the share of its rank
            max_epochs=-1,  # our callback decides when to stop
            barebones=True,
        )


def _check_has_file(devices: int) -> None:
    """Checks that the program can be run from its beginning in another process.

    Raises: UserError, for one that was typed in or read from standard input.
    """
    # torchrun, or the first process, has started this one already.
    if "LOCAL_RANK" in os.environ:
        return
    is_module = getattr(sys.modules["__main__"], "__spec__", None) is not None
    if hasattr(sys, "ps1") or not (is_module or Path(sys.argv[0]).is_file()):
        raise UserError(
            f"with {devices} devices each process runs this program from its beginning, but it has no file: it was "
            "typed in, or read from standard input",
            hint="save the program as a .py file and run that, or train on one device",
        )


def _ddp_strategy() -> object:
    strategies = require("lightning.pytorch.strategies", extra="train")
    # The buffers of our models are constants, so that broadcasting them before every step is useless. torch has renamed
    # the option.
    names = inspect.signature(DistributedDataParallel).parameters
    sync_buffers = "forward_sync_buffers" if "forward_sync_buffers" in names else "broadcast_buffers"
    return strategies.DDPStrategy(gradient_as_bucket_view=True, **{sync_buffers: False})


@contextmanager
def quiet_lightning() -> Generator[None]:
    """Silences Lightning's messages about itself and its cloud; errors are still shown."""
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
