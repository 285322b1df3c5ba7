"""Grid features of pictures, computed once by a network that is not trained, and kept on the disk."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from heedful.data.image.feature_folder import SPEC, FeatureFolder
from heedful.data.image.input import PictureInput
from heedful.data.image.spec import FeatureSpec, load_feature_spec
from heedful.errors import UserError
from heedful.store import make_folder

_BATCH = 16

Say = Callable[[str], None]


@runtime_checkable
class GridNetwork(Protocol):
    """A network that maps pictures to a grid of features, such as `heedful.model.picture.GridFeatures`.

    `identity` is its name and the hash of its weights.
    """

    @property
    def identity(self) -> str: ...
    def features(self, pictures: Float[Tensor, "B 3 H W"], /) -> Float[Tensor, "B C h w"]:
        """The features of pictures, without gradients."""
        ...


def compute_features(
    network: GridNetwork,
    pictures: Sequence[Path],
    folder: Path | str,
    *,
    picture_input: PictureInput,
    batch: int = _BATCH,
    say: Say = lambda line: None,
) -> FeatureFolder:
    """Computes the features of pictures into a folder; those that are there already are kept.

    Pictures that cannot be read are left out, and `say` is told. A run that was interrupted continues where it was.
    Raises: UserError, when the folder holds features of another network, input or shape; or none can be computed.
    """
    folder, paths = Path(folder), list(dict.fromkeys(map(Path, pictures)))
    found = _opened(network, folder, picture_input)
    readable: list[Path] = []
    for path in paths:
        try:
            if found is None or not found.has(path):
                readable.append(path)
        except UserError as error:
            say(f"left out: {error}")
    for number, (files, grids) in enumerate(_computed(network, readable, picture_input, batch=batch, say=say), start=1):
        if found is None:
            found = _begun(network, folder, picture_input, grids)
        for file, grid in zip(files, grids, strict=True):
            found.write(file, grid)
        say(f"features: {min(number * batch, len(readable))} of {len(readable)} pictures")
    if found is None:
        raise UserError("there is no picture whose features can be computed", where=str(folder))
    return found


def _opened(network: GridNetwork, folder: Path, read: PictureInput) -> FeatureFolder | None:
    """The folder if it has been begun. Raises: UserError, when it holds features of another network or input."""
    if not (folder / f"{SPEC}.json").is_file():
        return None
    found, spec = FeatureFolder(folder), load_feature_spec(folder, SPEC)
    wanted = FeatureSpec(network.identity, spec.height, spec.width, dim=spec.dim, input=read)
    wanted.check(spec, where=str(folder))
    return found


def _begun(network: GridNetwork, folder: Path, read: PictureInput, grids: Float[Tensor, "B C h w"]) -> FeatureFolder:
    make_folder(folder)
    height, width = grids.shape[2], grids.shape[3]
    FeatureSpec(network.identity, height, width, dim=grids.shape[1], input=read).save(folder, SPEC)
    return FeatureFolder(folder)


def _computed(
    network: GridNetwork, paths: Sequence[Path], read: PictureInput, *, batch: int, say: Say
) -> Iterator[tuple[list[Path], Float[Tensor, "B C h w"]]]:
    for start in range(0, len(paths), batch):
        files: list[Path] = []
        tensors: list[Tensor] = []
        for path in paths[start : start + batch]:
            try:
                tensors.append(read.tensor(read.read(path)))
                files.append(path)
            except UserError as error:
                say(f"left out: {error}")
        if files:
            yield files, network.features(torch.stack(tensors))
