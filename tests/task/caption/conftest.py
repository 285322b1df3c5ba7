"""Small pictures with captions, and captioners that were trained on them for a moment."""

import json
from pathlib import Path

import numpy as np
import pytest

COLOURS = {"red": (220, 30, 30), "green": (30, 170, 40), "blue": (40, 60, 220)}
PLACES = {"left": (2, 4), "right": (18, 4), "top": (10, 0), "bottom": (10, 8)}
"""Upper left corners of a square of eight pixels, x and y, on a picture of 28 × 16."""


def draw(colour: str, place: str) -> np.ndarray:
    """A white picture with a coloured square, uint8 [16, 28, 3]."""
    pixels = np.full((16, 28, 3), 255, np.uint8)
    x, y = PLACES[place]
    pixels[y : y + 8, x : x + 8] = COLOURS[colour]
    return pixels


def write_table(folder: Path) -> Path:
    """A table of twelve pictures with two captions each, and the pictures."""
    pillow = pytest.importorskip("PIL.Image")
    (folder / "images").mkdir(parents=True)
    rows = []
    for colour in COLOURS:
        for place in PLACES:
            name = f"images/{colour}-{place}.png"
            pillow.fromarray(draw(colour, place)).save(folder / name)
            captions = [f"A {colour} square, {place}.", f"{place} is a {colour} square"]
            rows.append(json.dumps({"image": name, "captions": captions}))
    (folder / "captions.jsonl").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder / "captions.jsonl"


SMALL = {
    "picture": {"hidden": 16, "channels": [8, 8], "blocks": 0, "dropout": 0.0},
    "dropout": 0.0,
}
RECURRENT = SMALL | {"embed": 8, "hidden": 16}
MODELS = {
    "show-attend-tell": RECURRENT,
    "show-attend-tell-hard": RECURRENT,
    "adaptive": RECURRENT,
    "transformer": SMALL | {"heads": 2, "layers": 2, "feedforward": 16},
}
DATA = {"height": 16, "width": 28, "hold_out": 0.25}
TRAIN = {"steps": 60, "valid_every": 30, "warmup": 1, "rate": 1e-2, "tokens": 60, "average": 0, "precision": "float32"}
DECODE = {"precision": "float32", "longest": 8}


@pytest.fixture(scope="session")
def table(tmp_path_factory) -> Path:
    return write_table(tmp_path_factory.mktemp("pictures"))


@pytest.fixture(scope="session")
def fitted(table, tmp_path_factory):
    """A function that trains a model for a moment, once for each call with the same arguments."""
    pytest.importorskip("lightning")
    pytest.importorskip("sacrebleu")
    import heedful
    from heedful.task.base import Shown

    runs: dict[str, tuple[object, list[str]]] = {}

    def fit(model="show-attend-tell", *, train=None, **changes):
        key = json.dumps([model, train, changes], sort_keys=True)
        if key not in runs:
            said: list[str] = []
            settings = {
                "model": MODELS[model],
                "data": DATA | changes.pop("data", {}),
                "train": TRAIN | (train or {}),
                "decode": DECODE,
            }
            trained = heedful.fit(
                "caption",
                table,
                model=model,
                settings=settings,
                out=tmp_path_factory.mktemp("runs") / model,
                overwrite=True,
                shown=Shown(say=said.append),
                **changes,
            )
            runs[key] = trained, said
        return runs[key]

    return fit
