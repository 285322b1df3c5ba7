"""Made-up pictures of one coloured square each, and tiny classifiers of them."""

import json
import random

import numpy as np
import torch

from heedful.data.image import PictureInput, write_png
from heedful.data.image.attributes import read_attributes
from heedful.task.config import make_settings
from heedful.task.custom import build_model
from heedful.task.label_image.parts import PICTURE
from heedful.task.tasks import task_named

COLOURS = {"blue": (30, 60, 230), "red": (230, 40, 30)}
TINY = {"hidden": 8, "channels": [8, 8], "blocks": 0}
SMALL = {
    "soft": {"picture": TINY, "view": 5},
    "fcan": {"picture": TINY, "parts": 2, "localiser": 4},
    "attribute-guided": {"picture": TINY, "localiser": 4},
    "ram": {"glimpses": 3, "size": 4, "scales": 2, "hidden": 9, "glimpse": 7},
    "plain": {"picture": TINY},
}
"""Settings with which a step takes milliseconds."""


def write_squares(folder, *, count=24, seed=1, width=40, height=30):
    """Pictures, `squares.csv` with boxes and parts, and `attributes.csv`; returns the table."""
    draw = random.Random(seed)
    rows = ["image\tlabel\tleft\ttop\tright\tbottom\tparts"]
    (folder / "pictures").mkdir(parents=True, exist_ok=True)
    for number in range(count):
        label = list(COLOURS)[number % 2]
        left, top = draw.randrange(width - 10), draw.randrange(height - 10)
        pixels = np.full((height, width, 3), 200, np.uint8)
        pixels[top : top + 10, left : left + 10] = COLOURS[label]
        write_png(folder / "pictures" / f"{number}.png", pixels)
        parts = json.dumps({"beak": [left + 1, top + 1]})
        rows.append(f"pictures/{number}.png\t{label}\t{left}\t{top}\t{left + 10}\t{top + 10}\t{parts}")
    (folder / "squares.tsv").write_text("\n".join(rows) + "\n")
    lines = [f"{label},{part},{part} is red,{int(label == 'red')}" for label in COLOURS for part in ("beak", "tail")]
    (folder / "attributes.csv").write_text("\n".join(["label,part,attribute,value", *lines]) + "\n")
    return folder / "squares.tsv"


def tiny(folder, model, *, height=16, width=16, fit="letterbox", **changes):
    """A classifier with untrained weights."""
    write_squares(folder)
    task = task_named("label-image")
    chosen = {
        "model": {"name": model, **SMALL[model], **changes},
        "data": {"height": height, "width": width, "fit": fit},
        "labels": list(COLOURS),
        "answer": {"pictures": 5, "precision": "float32"},
    }
    parts = {PICTURE: PictureInput(height, width, fit)}
    if model == "attribute-guided":
        parts["attributes"] = read_attributes(folder / "attributes.csv", tuple(COLOURS))
        chosen["data"]["attributes"] = str(folder / "attributes.csv")
    config = make_settings(task.config, chosen)
    torch.manual_seed(3)
    network = build_model(config, task.sizes(config, parts), {}).eval()
    for parameter in network.parameters():
        parameter.data.mul_(2).add_(0.1 * torch.randn_like(parameter))
    return task.predictor(config, network, parts, task=task)
