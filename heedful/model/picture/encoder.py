"""Encoders of pictures: from pixels, trained from scratch, and from features that another network has computed."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from heedful.layer.dropout import Dropout
from heedful.model.encoder import Encoded
from heedful.model.picture.config import GROUP, PictureConfig
from heedful.shapes import ShapeError, describe, keep_from_lengths


class PictureEncoder(nn.Module):
    """A small residual network over pixels; its last grid of cells, row by row, are the states.

    Each halving is a 3 × 3 convolution of stride 2, and is followed by residual blocks of two 3 × 3 convolutions. They
    are normalised by groups of channels of one picture, so that a state does not depend on the rest of the batch. With
    position "coordinates", a state is computed from its cell's features and the cell's x and y, each from -1 to 1:
    attention has no order of its own, and without them "left of" could not be told from "right of".
    Source: He et al. 2016 (arXiv:1512.03385); Wu and He 2018 (arXiv:1803.08494); Liu et al. 2018, for the coordinates,
    which are joined to the last layer here and to the first one there (arXiv:1807.03247).
    """

    def __init__(self, config: PictureConfig) -> None:
        super().__init__()
        self.config, self.output_dim = config, config.hidden
        layers: list[nn.Module] = []
        inputs = 3
        for outputs in config.channels:
            layers += [_Convolution(inputs, outputs, stride=2), nn.ReLU()]
            layers += [ResidualBlock(outputs) for _ in range(config.blocks)]
            inputs = outputs
        self.layers = nn.Sequential(*layers)
        self.states = CellStates(config, inputs)

    def forward(self, pictures: Float[Tensor, "B 3 H W"], lengths: Int[Tensor, "B"] | None = None) -> Encoded:
        """States ``[B, h * w, A]`` for `h`, `w` as `grid` has them; all are real, and the lengths are ignored.

        Raises: ShapeError, for other than three channels.
        """
        if pictures.ndim != 4 or pictures.shape[1] != 3:
            raise ShapeError(f"pictures are {describe(pictures)}, expected [B, 3, H, W]: RGB, normalised.")
        cells = self.layers(pictures)
        states = self.states(cells.flatten(2).transpose(1, 2), grid=(cells.shape[2], cells.shape[3]))
        return Encoded(states, torch.ones(states.shape[:2], dtype=torch.bool, device=states.device))

    def grid(self, height: int, width: int) -> tuple[int, int]:
        """The rows and columns of cells of a picture of `height` × `width` pixels."""
        for _ in self.config.channels:
            height, width = -(-height // 2), -(-width // 2)  # an odd side keeps its last row
        return height, width


class FeatureEncoder(nn.Module):
    """States from the features of cells that another network has computed, ``dropout(relu(W f + b))`` of each.

    Source: Lu et al. 2017, section 3, the spatial features (arXiv:1612.01887).
    """

    def __init__(self, config: PictureConfig) -> None:
        super().__init__()
        if config.features is None:
            raise ValueError("FeatureEncoder needs PictureConfig(features=...), the width of the features of a cell.")
        self.config, self.output_dim = config, config.hidden
        self.states = CellStates(config.model_copy(update={"position": "none"}), config.features)

    def forward(self, features: Float[Tensor, "B S D"], lengths: Int[Tensor, "B"] | None = None) -> Encoded:
        """States ``[B, S, A]`` of each picture's first `lengths` cells, of all cells without lengths.

        What lies beyond a picture's cells is never read.
        Raises: ShapeError, for features of another width.
        """
        if features.ndim != 3 or features.shape[-1] != self.config.features:
            raise ShapeError(
                f"features are {describe(features)}, expected [B, S, {self.config.features}], as the run was trained on."
            )
        rows, cells = features.shape[:2]
        if lengths is None:
            lengths = torch.full((rows,), cells, device=features.device)
        keep = keep_from_lengths(lengths, cells)
        # Padding may hold NaN, which a product with 0 would keep, and its gradient, too.
        real = torch.where(keep.unsqueeze(-1), features, 0.0)
        return Encoded(self.states(real, grid=None), keep)


class CellStates(nn.Module):
    """``dropout(relu(W [f; x; y] + b))`` of the features of each cell and, if the settings ask for it, its position."""

    def __init__(self, config: PictureConfig, input_dim: int) -> None:
        super().__init__()
        self.position = config.position
        extra = 2 if config.position == "coordinates" else 0
        self.linear, self.dropout = nn.Linear(input_dim + extra, config.hidden), Dropout(config.dropout)
        nn.init.xavier_uniform_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, cells: Float[Tensor, "B S D"], *, grid: tuple[int, int] | None) -> Float[Tensor, "B S A"]:
        """The states of cells; `grid` is their number of rows and columns, None where positions are not used."""
        if self.position == "coordinates" and grid is not None:
            where = coordinates(*grid).to(cells)
            cells = torch.cat([cells, where.expand(cells.shape[0], -1, -1)], dim=-1)
        return self.dropout(torch.relu(self.linear(cells)))


class ResidualBlock(nn.Module):
    """``relu(x + norm(conv(relu(norm(conv(x))))))`` with 3 × 3 convolutions.

    Source: He et al. 2016, eq. 1 and fig. 2 (arXiv:1512.03385).
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first, self.second = _Convolution(channels, channels), _Convolution(channels, channels)
        # The block begins as the identity, so that a deep network learns as fast as a shallow one at first.
        nn.init.zeros_(self.second.norm.weight)

    def forward(self, inputs: Float[Tensor, "B C H W"]) -> Float[Tensor, "B C H W"]:
        """The block's output, of the size of its input."""
        return torch.relu(inputs + self.second(torch.relu(self.first(inputs))))


class _Convolution(nn.Module):
    """A 3 × 3 convolution, and normalisation over groups of channels of one picture."""

    def __init__(self, inputs: int, outputs: int, *, stride: int = 1) -> None:
        super().__init__()
        # Normalisation subtracts a bias again, up to the rest of its group, and adds one of its own.
        self.conv = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False)
        self.norm = nn.GroupNorm(outputs // GROUP, outputs)
        nn.init.kaiming_normal_(self.conv.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, inputs: Float[Tensor, "B C H W"]) -> Float[Tensor, "B K h w"]:
        return self.norm(self.conv(inputs))


def build_picture_encoder(config: PictureConfig) -> PictureEncoder | FeatureEncoder:
    """The encoder that the settings describe: from pixels, or from precomputed features."""
    return PictureEncoder(config) if config.features is None else FeatureEncoder(config)


def coordinates(height: int, width: int) -> Float[Tensor, "S 2"]:
    """x and y of each cell of a grid, row by row: from -1 at the left and the top to 1; 0 where there is one alone."""
    y, x = (torch.linspace(-1.0, 1.0, size) if size > 1 else torch.zeros(1) for size in (height, width))
    rows, columns = torch.meshgrid(y, x, indexing="ij")
    return torch.stack([columns.flatten(), rows.flatten()], dim=-1)
