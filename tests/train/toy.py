"""A tiny model and a made-up stream to train it on; run as a program, it is what tests start, kill and resume.

Program: toy.py ACTION FOLDER [NAME=VALUE ...], the values being training settings in YAML; see `ACTIONS`.
"""

import os
import random
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import yaml
from torch import Tensor, nn

from heedful.layer.loss import TokenLoss
from heedful.store import save_tensors
from heedful.train import Ranks, TrainSettings, fit, init_ranks

WORDS = 11


class ToyBatch(NamedTuple):
    """Words `[N, 3]` and the word that each row is to give `[N]`."""

    words: Tensor
    answer: Tensor
    tokens_total: int


class ToyStream:
    """Batches of 1 row (so that a second rank has none), 7, 13 ...; the answer is the middle word."""

    def __init__(self, ranks: Ranks | None = None, *, length: int = 7, own_length: int | None = None) -> None:
        self.ranks = ranks or Ranks(0, 1)
        self.length = length
        self.own_length = length if own_length is None else own_length
        self.epoch = self.position = 0
        self.given: list[tuple[int, int]] = []

    def __iter__(self):
        while self.position < self.own_length:
            self.given.append((self.epoch, self.position))
            self.position += 1
            yield self.batch(*self.given[-1])
        self.epoch, self.position = self.epoch + 1, 0

    def __len__(self) -> int:
        return self.length

    def batch(self, epoch: int, position: int) -> ToyBatch:
        generator = torch.Generator().manual_seed(1000 * epoch + position)
        rows = 1 + 6 * position
        words = torch.randint(WORDS, (rows, 3), generator=generator)
        mine = words[self.ranks.rank :: self.ranks.world]
        return ToyBatch(mine, mine[:, 1], rows)

    def state_dict(self) -> dict[str, int]:
        return {"epoch": self.epoch, "position": self.position}

    def load_state_dict(self, state: dict[str, int]) -> None:
        self.epoch, self.position = state["epoch"], state["position"]


class Shares(nn.Module):
    """Three weights between 0.9 and 1.2, learnt at a rate of their own until three quarters of training are done."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(3))
        self.pace = lambda step, total: 0.0 if total and step >= 0.75 * total else 0.05 / (step + 1)

    def to_bounds(self) -> None:
        with torch.no_grad():
            self.weight.clamp_(0.9, 1.2)


class ToyModel(nn.Module):
    """Embedding, norm, two linear layers; with `noise`, its loss draws from all generators; with `own`, Shares."""

    def __init__(self, *, noise: float = 0.0, pause: float = 0.0, own: bool = False, width: int = 16) -> None:
        super().__init__()
        self.shares = Shares() if own else None
        self.noise, self.pause = noise, pause
        self.embedding = nn.Embedding(WORDS, width)
        self.norm = nn.LayerNorm(3 * width)
        self.inner = nn.Linear(3 * width, width)
        self.outer = nn.Linear(width, WORDS, bias=False)
        self.outer.weight = self.embedding.weight

    def loss(self, batch: ToyBatch) -> TokenLoss:
        time.sleep(self.pause)
        if not len(batch.answer):  # a shortcut that uses next to nothing of the model
            nothing = self.norm.bias.sum() * 0.0
            return TokenLoss(nothing, nothing.detach(), 0)
        words = self.embedding(batch.words)
        hidden = self.norm((words if self.shares is None else words * self.shares.weight.unsqueeze(-1)).flatten(1))
        hidden = torch.tanh(self.inner(hidden))
        if self.noise and self.training:
            hidden = nn.functional.dropout(hidden, self.noise)
            hidden = hidden * (1.0 + self.noise * float(np.random.randn()))
            if __name__ == "__main__":  # under pytest beartype draws from this generator, too
                hidden = hidden * (1.0 + self.noise * random.gauss(0.0, 1.0))
        logits = self.outer(hidden)
        exact = torch.promote_types(torch.float32, logits.dtype)
        nll = nn.functional.cross_entropy(logits.to(exact), batch.answer, reduction="sum")
        return TokenLoss(nll, nll.detach(), len(batch.answer))


def make_model(
    *, noise: float = 0.0, pause: float = 0.0, own: bool = False, dtype: torch.dtype = torch.float32
) -> ToyModel:
    torch.manual_seed(5)
    return ToyModel(noise=noise, pause=pause, own=own).to(dtype)


def validate(model: nn.Module, step: int) -> dict[str, float]:
    """The loss on a held-out batch; draws random numbers, which is nobody's business."""
    assert not model.training
    assert not torch.is_grad_enabled()
    torch.rand(3), random.random(), np.random.rand()
    batch = ToyStream().batch(999, 3)
    return {"valid_loss": float(model.loss(batch).nll) / batch.tokens_total}


def settings(**given: Any) -> TrainSettings:
    usual = {"precision": "float32", "metric": "valid_loss", "warmup": 5, "rate": 0.01, "log_every": 3, "epochs": 4}
    return TrainSettings(**{**usual, **given})


# ------------------------------------------------------------------------------------------------------- programs


def train(folder: Path, given: dict[str, Any]) -> int:
    """Starts or resumes a run with noise, slow enough to be hit in the middle; returns the exit status."""
    model = make_model(noise=0.2, pause=0.01, own=True)
    result = fit(model, ToyStream(), settings=settings(**given), folder=folder, validate=validate, resume=True)
    print(result.stopped, result.steps, flush=True)
    return result.exit_status


def hit(folder: Path, given: dict[str, Any], *, number: int, after: float) -> int:
    """Trains in a process of its own that gets a signal some seconds after its first line; returns how it ended."""
    lines, child = lines_in(folder), os.fork()
    if not child:
        status = 1
        try:
            status = train(folder, given)
        finally:
            os._exit(status)
    while lines_in(folder) <= lines and os.waitpid(child, os.WNOHANG) == (0, 0):
        time.sleep(0.01)
    time.sleep(after)
    with suppress(ProcessLookupError, ChildProcessError):
        os.kill(child, number)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return 0


def lines_in(folder: Path) -> int:
    path = folder / "metrics.jsonl"
    return path.read_text().count("\n") if path.exists() else 0


def disturb(folder: Path, given: dict[str, Any]) -> None:
    """Three runs: one that nothing happens to, one killed at random moments, one stopped by Ctrl-C and SIGTERM."""
    train(folder / "through", given)  # first, so that what is imported late is there for all children
    dice = random.Random()
    for _ in range(4):
        print("killed", hit(folder / "killed", given, number=signal.SIGKILL, after=dice.uniform(0.0, 0.2)), flush=True)
    train(folder / "killed", given)
    for number in (signal.SIGINT, signal.SIGTERM):
        print("stopped", hit(folder / "stopped", given, number=number, after=0.0), flush=True)
    train(folder / "stopped", given)


def together(folder: Path, given: dict[str, Any]) -> None:
    """Two runs on several processes in float64, in the second of which rank 1 lacks two batches an epoch.

    Each process saves its weights and how many steps it made.
    """
    chosen = settings(**given)
    ranks = init_ranks(chosen.devices)
    for name, length in (("even", 7), ("uneven", 5 if ranks.rank == 1 else 7)):
        model, stream = make_model(own=True, dtype=torch.float64), ToyStream(ranks, own_length=length)
        result = fit(model, stream, settings=chosen, folder=folder / name, validate=validate)
        path = folder / name / f"rank-{ranks.rank}.safetensors"
        save_tensors(path, model.state_dict(), {"steps": str(result.steps), "stopped": result.stopped})


ACTIONS = {"disturb": disturb, "together": together}


def main(action: str, folder: str, *given: str) -> None:
    torch.set_num_threads(1)
    ACTIONS[action](Path(folder), {name: yaml.safe_load(value) for name, value in (one.split("=") for one in given)})


if __name__ == "__main__":
    main(*sys.argv[1:])
