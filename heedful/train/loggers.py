"""Lightning's loggers, which get the same numbers as metrics.jsonl where a user asks for one."""

import importlib.util
import secrets
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heedful.errors import UserError, require
from heedful.installed import pip_install
from heedful.store import write_text_atomically
from heedful.train.settings import TrainSettings

if TYPE_CHECKING:
    from lightning.pytorch.loggers import Logger

LOG = "log"
"""The folder of loggers inside a run folder."""

_PACKAGES = {"tensorboard": ("tensorboard", "tensorboardX"), "wandb": ("wandb",)}


def check_logger(name: str) -> None:
    """Checks that the package of a logger is installed.

    Raises: UserError, when it is not; says how to install it.
    """
    packages = _PACKAGES.get(name, ())
    if packages and not any(map(importlib.util.find_spec, packages)):
        raise UserError(
            f"the logger {name!r} needs the package {packages[0]!r}, which is not installed",
            hint=f"{pip_install(packages[0])}; csv needs no package",
        )


class RunLogger:
    """The logger of a run, in its folder; it does nothing if the settings name none, or on a rank other than 0."""

    def __init__(self, settings: TrainSettings, folder: Path, *, leads: bool = True) -> None:
        self._settings, self._folder = settings, folder
        self._is_on = leads and settings.log != "none"
        self._logger: Logger | None = None

    def begin(self, lines: Sequence[Mapping[str, Any]]) -> None:
        """Opens the logger; `lines` are those of metrics.jsonl so far, from before an interruption.

        Raises: UserError, when its package is not installed.
        """
        if not self._is_on:
            return
        check_logger(self._settings.log)
        self._logger = self._opened(int(lines[-1]["step"]) + 1 if lines else 0)
        self._logger.log_hyperparams(self._settings.model_dump())
        if self._settings.log == "csv":  # it writes its file anew; the others keep what they had
            for line in lines:
                self.write(line)

    def write(self, line: Mapping[str, Any]) -> None:
        """Logs the numbers of a line of metrics.jsonl."""
        if self._logger is None:
            return
        numbers = {name: float(value) for name, value in line.items() if isinstance(value, int | float)}
        self._logger.log_metrics(numbers, step=int(line["step"]))
        self._logger.save()

    def close(self, status: str) -> None:
        """Ends the log."""
        if self._logger is not None:
            self._logger.finalize(status)

    def _opened(self, step: int) -> "Logger":
        loggers = require("lightning.pytorch.loggers", extra="train")
        folder = str(self._folder)
        if self._settings.log == "csv":
            # Lightning would delete an earlier file with a warning. All its lines are written again.
            shutil.rmtree(self._folder / LOG / "csv", ignore_errors=True)
            return loggers.CSVLogger(folder, name=LOG, version="csv")
        if self._settings.log == "tensorboard":
            # Lines after the checkpoint that a run resumes from are written again.
            return loggers.TensorBoardLogger(folder, name=LOG, version="tensorboard", purge_step=step or None)
        name = self._folder.resolve().name
        return loggers.WandbLogger(name=name, save_dir=folder, project="heedful", id=self._id(), resume="allow")

    def _id(self) -> str:
        """The name of this run at W&B, the same when it is resumed."""
        path = self._folder / LOG / "wandb-id"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_text_atomically(path, secrets.token_hex(4) + "\n")
        return path.read_text(encoding="utf-8").strip()
