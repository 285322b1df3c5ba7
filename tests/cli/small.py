"""Small files and settings for each task, so that the command line trains on them within a second."""

import json
import random
from collections.abc import Mapping
from pathlib import Path

Settings = Mapping[str, object]

TRAIN: Settings = {
    "train.steps": 10,
    "train.valid_every": 4,
    "train.log_every": 2,
    "train.tokens": 120,
    "train.warmup": 2,
    "train.average": 2,
    "train.precision": "float32",
    "model.dropout": 0.2,
}
TINY: Settings = {"model.embed": 8, "model.hidden": 8}
TRANSFORMER: Settings = {
    "model.width": 16,
    "model.heads": 4,
    "model.feedforward": 32,
    "model.encoder_layers": 1,
    "model.decoder_layers": 1,
    "data.shared": "false",
    "data.source.tokeniser": "word",
    "data.target.tokeniser": "word",
    "decode.beam": 1,
}
LAYERS: Settings = {"model.width": 16, "model.heads": 2, "model.layers": 1, "model.feedforward": 16, "data.window": 16}
WAYS: dict[str, tuple[str, str, Settings]] = {
    "parse": ("parse", "guided-lstm", TINY),
    "chat": ("chat", "rnnsearch", {**TINY, "data.text.tokeniser": "word", "decode.longest": 8}),
    "language-model": ("language-model", "transformer", LAYERS),
    "autoencoder": ("pretrain", "autoencoder", TINY),
    "next-word": ("pretrain", "next-word", TINY),
    "weighted-transformer": ("translate", "weighted-transformer", TRANSFORMER),
}
"""The task, model and settings of each way to train."""


def write(task: str, folder: Path, count: int = 40) -> Path:
    """A file to train the task on."""
    draw = random.Random(1)
    lines = [" ".join(draw.choices("abcdefgh", k=draw.randint(2, 6))) for _ in range(4 * count)]
    path = folder / {"parse": "train.mrg", "chat": "train.jsonl", "translate": "train.tsv"}.get(task, "train.txt")
    rows = {
        "parse": [f"(S {''.join(f'(NP (N {word}))' for word in line.split())})" for line in lines[:count]],
        "chat": [json.dumps({"turns": lines[4 * place : 4 * place + 4]}) for place in range(count)],
        "translate": [f"{line}\t{line[::-1].upper()}" for line in lines[:count]],
    }
    path.write_text("\n".join(rows.get(task, lines)) + "\n")
    return path


def words(way: str, path: Path, out: Path, *more: str, **changed: object) -> list[str]:
    """The words of a command that trains in this way."""
    task, model, own = WAYS[way]
    settings = {**TRAIN, **own, **{name.replace("__", "."): value for name, value in changed.items()}}
    given = ["train", task, "--model", model, "--train", str(path), "--out", str(out), *more]
    return given + [word for name, value in settings.items() for word in ("--set", f"{name}={value}")]
