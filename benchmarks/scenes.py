"""What captioners of made-up scenes say and where they look, beside dead attentions and blank pictures.

    heedful scenes scenes --valid 200
    heedful train caption --config recipes/scenes-soft.yaml --train scenes/train.jsonl --valid scenes/valid.jsonl \
        --out runs/scenes-soft
    python benchmarks/scenes.py runs/scenes-soft scenes

For the splits test and held-out (pairs of colour and shape that training has only apart) it prints as JSON: the share
of exact captions, by greedy search; the share of words for colours and shapes whose largest weight lies in a cell whose
centre is in the named object's box, while the model is forced to say the right caption, and the share of the picture
that these boxes cover, which is the chance; how much weights change from word to word; the weight of the sentinel at
words of objects and at others; exact captions with even weights, with the weights of the first word for all words, with
a blank picture, and with the captions of other pictures; and the best share without looking.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import heedful
from heedful.attention import Memory
from heedful.axes import Grid
from heedful.data.corpus.scenes import blind_ceiling
from heedful.shapes import BOS, EOS
from heedful.task.answering import evaluating
from heedful.task.caption.examples import lengths_of


def rows_of(folder: Path, split: str) -> list[dict[str, Any]]:
    """The rows of a table of scenes."""
    return [json.loads(line) for line in (folder / f"{split}.jsonl").read_text().splitlines()]


def said(captioner: Any, memory: Any, count: int) -> list[list[int]]:
    """Greedy captions over a memory, all of them to their greatest length, without any row leaving the batch."""
    model, ended = captioner.model, torch.zeros(count, dtype=torch.bool)
    state, token, ids = model.start(memory), torch.full((count,), BOS), [[] for _ in range(count)]
    for _ in range(captioner.config.longest):
        step = model.step(token, state, memory)
        state, token = step.state, step.logits.argmax(-1)
        ended |= token == EOS
        for row in (~ended).nonzero().squeeze(1).tolist():
            ids[row].append(int(token[row]))
    return ids


def flat(nest: Any) -> Any:
    """A memory whose keys are all alike: every cell has the same weight."""
    if isinstance(nest, Memory):
        return replace(nest, key=torch.zeros_like(nest.key))
    if isinstance(nest, tuple):
        items = [flat(item) for item in nest]
        return type(nest)(*items) if hasattr(nest, "_fields") else tuple(items)
    return nest


class FirstWeights:
    """An attention of a recurrent decoder whose weights at every step are those of its first step."""

    def __init__(self, look: Any) -> None:
        self._look, self._weights = look, None

    def __call__(self, query: Tensor, memory: Memory, position: Tensor) -> tuple[Tensor, Tensor]:
        if self._weights is None:
            self._weights = self._look(query, memory, position)[1]
        return (self._weights.unsqueeze(1) @ memory.value).squeeze(1), self._weights


def exact(captioner: Any, ids: list[list[int]], rows: list[dict[str, Any]]) -> float:
    """The share of captions that are their scene's."""
    return sum(captioner.text.decode(of_row) == row["caption"] for of_row, row in zip(ids, rows, strict=True)) / len(
        rows
    )


def controls(captioner: Any, pictures: Tensor, rows: list[dict[str, Any]]) -> dict[str, float]:
    """Exact captions where the model does not look, or not at its picture."""
    model, count, lengths = captioner.model, len(rows), lengths_of(pictures)
    memory = model.encode(pictures, lengths)
    plain = said(captioner, memory, count)
    found = {"exact": exact(captioner, plain, rows)}
    found["even weights"] = exact(captioner, said(captioner, flat(memory), count), rows)
    blank = model.encode(torch.zeros_like(pictures), lengths)
    found["blank picture"] = exact(captioner, said(captioner, blank, count), rows)
    found["another picture"] = exact(captioner, plain[1:] + plain[:1], rows)
    look = getattr(getattr(getattr(model, "network", None), "decoder", None), "look", None)
    if look is not None:
        look.attend_step = FirstWeights(look.attend_step)
        found["weights of the first word"] = exact(captioner, said(captioner, memory, count), rows)
        del look.attend_step
    return found


def looked(captioner: Any, inputs: Any, rows: list[dict[str, Any]], folder: Path) -> dict[str, float]:
    """Where the model looks while it is forced to say the right captions."""
    targets = [captioner.text.encode(row["caption"]) for row in rows]
    hits, areas, moves, of_objects, of_others = [], [], [], [], []
    for row, looks in zip(rows, captioner.looks(inputs, targets), strict=True):
        weights = looks.last
        grid: Grid = captioner.grid(folder / row["image"], weights.shape[-1])
        moves.append((weights[1:] - weights[:-1]).abs().max().item())
        width, height = grid.picture
        for step, named in enumerate(row["words"]):
            if looks.beta is not None:
                (of_others if named is None else of_objects).append(looks.beta[step].item())
            if named is None:
                continue
            left, top, right, bottom = row["objects"][named]["box"]
            cell = grid.box(int(weights[step].argmax()))
            x, y = (cell[0] + cell[2]) / 2, (cell[1] + cell[3]) / 2
            hits.append(left <= x < right and top <= y < bottom)
            areas.append((right - left) * (bottom - top) / (width * height))
    found = {"hit": sum(hits) / len(hits), "chance by area": sum(areas) / len(areas), "moves": sum(moves) / len(moves)}
    if of_objects:
        found["beta at objects"] = sum(of_objects) / len(of_objects)
        found["beta elsewhere"] = sum(of_others) / len(of_others)
    return found


def main() -> None:
    """Measures a run on both splits and prints one JSON object."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("scenes", type=Path)
    parser.add_argument("--most", type=int, default=500)
    args = parser.parse_args()
    captioner: Any = heedful.load(args.run, settings={"decode": {"precision": "float32"}})
    results: dict[str, Any] = {"run": str(args.run)}
    for split in ("test", "held-out"):
        rows = rows_of(args.scenes, split)[: args.most]
        inputs = captioner.source.inputs([args.scenes / row["image"] for row in rows])
        with evaluating(captioner.model):
            numbers = controls(captioner, inputs.batch(range(len(rows))), rows)
        numbers |= looked(captioner, inputs, rows, args.scenes)
        numbers["best without looking"] = blind_ceiling(row["caption"] for row in rows)
        results[split] = {name: round(value, 4) for name, value in numbers.items()}
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
