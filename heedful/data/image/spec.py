"""What precomputed features are: of which network, from which input, how many cells and how wide. A part of a run."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from heedful.data.image.input import PictureInput, picture_input
from heedful.errors import UserError
from heedful.store import read_text, write_text_atomically

UNNAMED = "unnamed"
"""The network of features that come without a description."""


@final
@dataclass(frozen=True)
class FeatureSpec:
    """Features of `height` × `width` cells, `dim` numbers each.

    `network` is the name of the network and the hash of its weights. `input` is how it was given a picture; None where
    that is not known, and cells are then taken to divide the whole picture.
    """

    network: str
    height: int
    width: int
    dim: int
    input: PictureInput | None = None

    @property
    def cells(self) -> int:
        """The number of cells, S."""
        return self.height * self.width

    def check(self, other: "FeatureSpec", *, where: str) -> None:
        """Checks that features of `other`, found at `where`, may take the place of these.

        Raises: UserError, when they are of another network, input or shape; names both.
        """
        for what, expected, found in (
            ("network", self.network, other.network),
            ("input", _of_input(self.input), _of_input(other.input)),
            ("shape", self._shape, other._shape),
        ):
            if expected != found:
                raise UserError(
                    f"these features have the {what} {found}, but {expected} is expected",
                    where=where,
                    hint="compute features by the network and the settings with which those of training were made",
                )

    @property
    def _shape(self) -> str:
        return f"{self.height} × {self.width} × {self.dim}"

    def settings(self) -> dict[str, Any]:
        """The fields as JSON has them."""
        return {
            "network": self.network,
            "height": self.height,
            "width": self.width,
            "dim": self.dim,
            "input": None if self.input is None else self.input.settings(),
        }

    def save(self, folder: Path, name: str) -> None:
        """Writes ``folder/name.json``."""
        write_text_atomically(folder / f"{name}.json", json.dumps(self.settings(), ensure_ascii=False) + "\n")


def load_feature_spec(folder: Path, name: str) -> FeatureSpec:
    """Reads what `FeatureSpec.save` wrote.

    Raises: UserError, when the file is missing or damaged.
    """
    path = folder / f"{name}.json"
    try:
        content = json.loads(read_text(path))
        read = content["input"]
        return FeatureSpec(
            str(content["network"]),
            int(content["height"]),
            int(content["width"]),
            dim=int(content["dim"]),
            input=None if read is None else picture_input(read),
        )
    except (json.JSONDecodeError, RecursionError, KeyError, TypeError, ValueError, AttributeError) as error:
        reason = f"{type(error).__name__}: {error}"
    except UserError as error:
        if error.where:
            raise
        reason = str(error)
    raise UserError(f"this file is damaged: {reason}", where=str(path), hint="copy the whole folder again")


def _of_input(read: PictureInput | None) -> str:
    return "not stated" if read is None else json.dumps(read.settings())
