"""Made-up pictures in which one small thing has to be found: toys for models that look, and encoders without context.

A picture of 16 × 16 noisy pixels has 16 cells of 4 × 4. One cell holds a glyph, which gives the label, and another one
a brighter patch, which catches a look that goes by brightness. All glyphs are equally bright: a coarse view shows
where they are, and not which they are.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from heedful.model.encoder import Encoded

CELLS, SIDE = 4, 4
"""Cells along a side of a picture, and pixels along a side of a cell."""

GLYPHS = torch.tensor(
    [
        [[1, 1, 1, 1], [0, 0, 0, 0], [1, 1, 1, 1], [0, 0, 0, 0]],
        [[1, 0, 1, 0], [1, 0, 1, 0], [1, 0, 1, 0], [1, 0, 1, 0]],
        [[1, 0, 1, 0], [0, 1, 0, 1], [1, 0, 1, 0], [0, 1, 0, 1]],
        [[1, 0, 0, 1], [0, 1, 1, 0], [0, 1, 1, 0], [1, 0, 0, 1]],
        [[1, 1, 1, 1], [1, 1, 1, 1], [0, 0, 0, 0], [0, 0, 0, 0]],
        [[1, 1, 0, 0], [1, 1, 0, 0], [1, 1, 0, 0], [1, 1, 0, 0]],
        [[1, 0, 0, 1], [1, 0, 0, 1], [1, 0, 0, 1], [1, 0, 0, 1]],
        [[1, 1, 1, 1], [0, 0, 0, 0], [0, 0, 0, 0], [1, 1, 1, 1]],
    ],
    dtype=torch.float32,
)
"""Eight patterns of a cell, half of whose pixels are bright: the first four are an alphabet, the last four another."""


class GlyphBatch(NamedTuple):
    """Pictures, their labels, and the cells of what is to be found ``[B, K]``."""

    pictures: Tensor
    labels: Tensor
    where: Tensor
    grid: tuple[int, int] | None = None


def glyph_pictures(count: int, *, alphabets: int = 1, noise: float = 0.3) -> GlyphBatch:
    """Pictures with a glyph of each alphabet, or with none of it, and a decoy twice as bright, all in different cells.

    The label is the number of the glyph, 4 without one; of two alphabets it is ``5 * first + second``. Pictures without
    a glyph are there because a model would otherwise learn to look away for a fourth of the others: of four glyphs, the
    last one is known by not seeing any. `where` is -1 without a glyph.
    """
    pictures = noise * torch.randn(count, CELLS * CELLS, SIDE, SIDE)
    where = torch.rand(count, CELLS * CELLS).argsort(1)[:, : alphabets + 1]
    rows = torch.arange(count)
    labels = torch.zeros(count, dtype=torch.long)
    for alphabet in range(alphabets):
        glyph = torch.randint(5, (count,))
        shown = (glyph < 4)[:, None, None] * GLYPHS[4 * alphabet + glyph.clamp(max=3)]
        pictures[rows, where[:, alphabet]] += 2.0 * shown
        where[:, alphabet] = torch.where(glyph < 4, where[:, alphabet], -1)
        labels = 5 * labels + glyph
    pictures[rows, where[:, alphabets]] += 2.0
    return GlyphBatch(from_cells(pictures), labels, where[:, :alphabets])


def flagged_pictures(count: int, *, noise: float = 0.3) -> GlyphBatch:
    """Pictures with a glyph in every cell, one of them on a brighter ground: its number is the label."""
    glyphs, rows = torch.randint(4, (count, CELLS * CELLS)), torch.arange(count)
    pictures = noise * torch.randn(count, CELLS * CELLS, SIDE, SIDE) + 2.0 * GLYPHS[glyphs]
    where = torch.randint(CELLS * CELLS, (count,))
    pictures[rows, where] += 2.0
    return GlyphBatch(from_cells(pictures), glyphs[rows, where], where.unsqueeze(1))


def from_cells(cells: Tensor, side: int = CELLS) -> Tensor:
    """Pictures ``[B, 3, H, W]`` of `side` × `side` cells ``[B, S, 4, 4]``, grey."""
    grid = cells.unflatten(1, (side, side))  # B, rows, columns, y, x
    return grid.permute(0, 1, 3, 2, 4).reshape(len(cells), 1, side * SIDE, side * SIDE).expand(-1, 3, -1, -1)


class PatchEncoder(nn.Module):
    """A state of each cell from the pixels of that cell alone: nothing is known of a cell that is not looked at."""

    def __init__(self, dim: int = 32, *, linear: bool = False, side: int = SIDE) -> None:
        super().__init__()
        self.output_dim, self.side = dim, side
        self.convolution = nn.Conv2d(3, dim, side, stride=side)
        self.activation = nn.Identity() if linear else nn.ReLU()

    def forward(self, pictures: Tensor, lengths: Tensor) -> Encoded:
        states = self.activation(self.convolution(pictures)).flatten(2).transpose(1, 2)
        return Encoded(states, torch.ones(states.shape[:2], dtype=torch.bool))

    def grid(self, height: int, width: int) -> tuple[int, int]:
        return height // self.side, width // self.side


def train(model: nn.Module, draw, *, steps: int, rate: float = 2e-3, batch: int = 64) -> nn.Module:
    """Trains on fresh batches with Adam; returns the model in evaluation mode."""
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimiser = torch.optim.Adam(trained, lr=rate)
    model.train()
    for _ in range(steps):
        loss = model.loss(draw(batch))
        optimiser.zero_grad()
        (loss.total / loss.tokens).backward()
        optimiser.step()
    return model.eval()


@torch.no_grad()
def scores(model: nn.Module, batch: GlyphBatch, *, cells: int = CELLS) -> tuple[float, list[list[float]]]:
    """Accuracy; and for each map or glimpse (rows), how often it is at each thing that is there (columns)."""
    found = model(batch.pictures)
    accuracy = float((found.logits.argmax(-1) == batch.labels).float().mean())
    if found.boxes is None:
        return accuracy, []
    hits = cell_of(found.boxes, cells)[:, :, None] == batch.where[:, None, :]
    return accuracy, (hits.sum(0) / (batch.where >= 0).sum(0)).tolist()


def cell_of(boxes: Tensor, cells: int) -> Tensor:
    """The cell in which the centre of each box lies, ``[B, K]``, of `cells` × `cells`."""
    x, y = (boxes[..., 0] + boxes[..., 2]) / 2, (boxes[..., 1] + boxes[..., 3]) / 2
    row, column = ((place * cells).long().clamp(0, cells - 1) for place in (y, x))
    return row * cells + column
