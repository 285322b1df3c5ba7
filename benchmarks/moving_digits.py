"""Makes the digits of Mnih et al. 2014 from MNIST: translated, and cluttered with pieces of other digits.

python benchmarks/moving_digits.py t10k-images-idx3-ubyte.gz t10k-labels-idx1-ubyte.gz OUT --kind cluttered

A digit of 28 × 28 pixels lies anywhere in a picture of 60 × 60. Cluttered pictures also have pieces of 8 × 8 pixels,
cut from other digits of the same split. OUT gets train.csv, valid.csv and test.csv, with the label and the box around
each digit's ink, and a folder of pictures for each. A digit is in one split only; with --copies, training digits are
placed several times. The same arguments make the same files on every machine.
Source: Mnih et al. 2014, section 4.1 (arXiv:1406.6247).
"""

import argparse
import gzip
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from heedful.data.image import write_png

SIDE, DIGIT, PIECE = 60, 28, 8
"""Pixels along a side of a picture, of a digit and of a piece of clutter."""

SHARES = {"train": 0.8, "valid": 0.1, "test": 0.1}


def read_idx(path: Path) -> np.ndarray:
    """The numbers in a file of MNIST's format."""
    content = gzip.decompress(path.read_bytes())
    axes = content[3]
    shape = struct.unpack(f">{axes}I", content[4 : 4 + 4 * axes])
    return np.frombuffer(content, np.uint8, offset=4 + 4 * axes).reshape(shape)


def splits(count: int, seed: int) -> dict[str, np.ndarray]:
    """The digits of each split."""
    order = np.random.default_rng(seed).permutation(count)
    ends = np.cumsum([round(share * count) for share in SHARES.values()])
    return dict(zip(SHARES, np.split(order, ends[:-1]), strict=True))


def place(digit: np.ndarray, others: np.ndarray, random: np.random.Generator, *, pieces: int) -> tuple[np.ndarray, str]:
    """A picture with the digit somewhere in it, and the box around its ink as columns of the table."""
    picture = np.zeros((SIDE, SIDE), np.uint8)
    for _ in range(pieces):
        other = others[random.integers(len(others))]
        y, x = random.integers(DIGIT - PIECE + 1, size=2)
        top, left = random.integers(SIDE - PIECE + 1, size=2)
        area = picture[top : top + PIECE, left : left + PIECE]
        np.maximum(area, other[y : y + PIECE, x : x + PIECE], out=area)
    top, left = random.integers(SIDE - DIGIT + 1, size=2)
    area = picture[top : top + DIGIT, left : left + DIGIT]
    np.maximum(area, digit, out=area)
    rows, columns = np.flatnonzero(digit.any(1)), np.flatnonzero(digit.any(0))
    box = (left + columns[0], top + rows[0], left + columns[-1] + 1, top + rows[-1] + 1)
    return picture, ",".join(map(str, box))


def lines(
    folder: Path, split: str, digits: np.ndarray, labels: np.ndarray, *, copies: int, pieces: int, seed: int
) -> Iterator[str]:
    """Writes the pictures of a split; yields the rows of its table."""
    random = np.random.default_rng([seed, list(SHARES).index(split)])
    (folder / split).mkdir(parents=True, exist_ok=True)
    for number in range(copies * len(digits)):
        index = number % len(digits)
        picture, box = place(digits[index], digits, random, pieces=pieces)
        name = f"{split}/{number:05}.png"
        write_png(folder / name, np.repeat(picture[:, :, None], 3, axis=2))
        yield f"{name},{labels[index]},{box}\n"


def main() -> None:
    """Makes all splits."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("images", type=Path)
    parser.add_argument("labels", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--kind", choices=("translated", "cluttered"), default="translated")
    parser.add_argument("--copies", type=int, default=1, help="how often a training digit is placed")
    parser.add_argument("--pieces", type=int, default=4, help="pieces of clutter")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    images, labels = read_idx(chosen.images), read_idx(chosen.labels)
    pieces = chosen.pieces if chosen.kind == "cluttered" else 0
    for split, rows in splits(len(images), chosen.seed).items():
        copies = chosen.copies if split == "train" else 1
        table = lines(
            chosen.out, split, images[rows], labels[rows], copies=copies, pieces=pieces, seed=chosen.seed
        )  # fmt: skip
        text = "".join(["image,label,left,top,right,bottom\n", *table])
        (chosen.out / f"{split}.csv").write_text(text, encoding="utf-8")
        print(f"{split}: {copies * len(rows)} pictures")


if __name__ == "__main__":
    main()
