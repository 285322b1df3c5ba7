"""A folder with the files that the examples of the documentation name, so that they can be run."""

import json
import random
from pathlib import Path

import numpy as np
import pytest

COLOURS = {"red": "rot", "blue": "blau", "green": "grün", "old": "alt"}
THINGS = {"car": "Auto", "house": "Haus", "book": "Buch", "tree": "Baum"}


def write_lines(path: Path, lines: list[str]) -> None:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_example_files(folder: Path) -> None:
    """Small made-up files for every task, under the names that the pages use."""
    draw = random.Random(1)
    sentences = [(f"the {a} {n}", f"das {d} {t}") for a, d in COLOURS.items() for n, t in THINGS.items()]
    for name, count in (("train", 40), ("valid", 8), ("test", 8)):
        pairs = [draw.choice(sentences) for _ in range(count)]
        write_lines(folder / f"{name}.tsv", ["\t".join(pair) for pair in pairs])
        write_lines(folder / f"{name}.en", [source for source, _ in pairs])
        write_lines(folder / f"{name}.de", [target for _, target in pairs])
        write_lines(folder / f"{name}.txt", [f"once upon a time there was {source} ." for source, _ in pairs])
    write_lines(folder / "new.txt", ["the red car", "the old tree"])
    write_lines(folder / "other.txt", ["once upon a time there was the end ."])
    write_labels(folder, draw)
    write_structures(folder, draw)
    write_pictures(folder, draw)
    write_photos(folder, draw)


def write_labels(folder: Path, draw: random.Random) -> None:
    """Labelled texts and pairs, and the same without labels."""
    words = {"good": ["nicely made", "works well", "I like it"], "bad": ["it broke", "very loud", "too small"]}
    for name, count in (("reviews.csv", 40), ("more.csv", 8)):
        labels = [draw.choice(list(words)) for _ in range(count)]
        write_lines(folder / name, ["text,label", *(f"{draw.choice(words[label])},{label}" for label in labels)])
    write_lines(folder / "unlabelled.txt", [draw.choice(draw.choice(list(words.values()))) for _ in range(40)])
    for name, count in (("pairs.tsv", 40), ("pairs-valid.tsv", 8), ("held-out.tsv", 8)):
        rows = [(draw.choice(list(COLOURS)), draw.choice(list(COLOURS))) for _ in range(count)]
        lines = [f"a {left} car\tthe {right} car\t{int(left == right)}" for left, right in rows]
        write_lines(folder / name, ["left\tright\tlabel", "a red car\tthe red car\t1", *lines])


def write_structures(folder: Path, draw: random.Random) -> None:
    """Trees and dialogues."""
    for name, count in (("trees", 30), ("trees-valid", 6)):
        (folder / name).mkdir()
        nouns = [(draw.choice(list(THINGS)), draw.choice(list(THINGS))) for _ in range(count)]
        lines = [f"(S (NP (DT the) (NN {a})) (VP (VBZ sees) (NP (DT the) (NN {b}))) (. .))" for a, b in nouns]
        write_lines(folder / name / "train.mrg", lines)
    for name, count in (("dialogues.jsonl", 30), ("dialogues-valid.jsonl", 6)):
        names = [draw.choice(["anna", "ben", "clara"]) for _ in range(count)]
        talks = [["hello", "who is it ?", f"i am {name}", f"hello {name}"] for name in names]
        write_lines(folder / name, [json.dumps({"turns": turns}) for turns in talks])


def write_pictures(folder: Path, draw: random.Random) -> None:
    """Photos with a red square each, and where people looked in some of them."""
    import numpy as np

    from heedful.watch.raster import png

    (folder / "pictures").mkdir()
    lines = ["image\tx\ty"]
    for name in ("photo.png", "pictures/1.png", "pictures/2.png", "pictures/3.png"):
        pixels = np.full((90, 120, 3), 90, np.uint8)
        left, top = draw.randrange(100), draw.randrange(70)
        pixels[top : top + 12, left : left + 12] = (255, 60, 60)
        (folder / name).write_bytes(png(pixels))
        lines += [f"{Path(name).stem}\t{left + draw.randrange(12)}\t{top + draw.randrange(12)}" for _ in range(9)]
    write_lines(folder / "fixations.tsv", lines)


def write_photos(folder: Path, draw: random.Random) -> None:
    """Pictures of a bright square each, with its colour as label, its box and a part; and a table of attributes."""
    from heedful.data.image import write_png  # not at the top, where it would escape the checks of shapes

    colours = {"gull": (240, 240, 255), "tern": (250, 60, 40)}
    (folder / "photos").mkdir()
    rows: list[str] = []
    for number in range(32):
        label = draw.choice(list(colours))
        left, top = draw.randrange(38), draw.randrange(28)
        pixels = np.full((40, 50, 3), 90, np.uint8)
        pixels[top : top + 12, left : left + 12] = colours[label]
        write_png(folder / "photos" / f"{number}.png", pixels)
        parts = json.dumps({"beak": [left + 2, top + 2]}).replace('"', '""')
        rows.append(f'photos/{number}.png,{label},{left},{top},{left + 12},{top + 12},"{parts}"')
    header = "image,label,left,top,right,bottom,parts"
    write_lines(folder / "photos.csv", [header, *rows[:24]])
    write_lines(folder / "photos-test.csv", [header, *rows[24:]])
    attributes = [
        f"{label},{part},{part} is red,{int(label == 'tern')}" for label in colours for part in ("beak", "tail")
    ]
    write_lines(folder / "attributes.csv", ["label,part,attribute,value", *attributes])


@pytest.fixture
def example_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of example files, which is also the working folder of the test."""
    write_example_files(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path
