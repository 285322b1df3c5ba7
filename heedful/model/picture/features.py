"""Grid features of a user's network: torchvision's, timm's or any module that maps pictures to a grid of channels."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from heedful.errors import UserError, did_you_mean
from heedful.model.encoder import Encoded
from heedful.model.picture.config import PictureConfig
from heedful.model.picture.encoder import CellStates
from heedful.shapes import describe
from heedful.store import load_tensors

_NESTED = ("state_dict", "model_state_dict", "model")
"""Keys under which training scripts save the weights."""


class GridFeatures(nn.Module):
    """A network that maps pictures ``[B, 3, H, W]`` to a grid ``[B, C, h, w]``; its weights are never trained here.

    `method` is the method that is called, such as "extract_features" or "forward_features". `layer` is the dotted name
    of a layer whose output is taken instead, such as "layer4". `checkpoint` is a .safetensors file, or one of
    torch.save, of which only weights are read and no code is run. `name` is part of `identity`.
    Raises: UserError, when there is no such method or layer, or the checkpoint is missing, damaged or does not fit.
    """

    def __init__(
        self,
        network: nn.Module,
        *,
        method: str = "forward",
        layer: str | None = None,
        checkpoint: Path | str | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__()
        self.network, self._method, self._layer = network, method, layer
        if not callable(getattr(network, method, None)):
            raise UserError(f"{type(network).__name__} has no method {method!r}", hint="name the method that it has")
        layers = dict(network.named_modules())
        if layer is not None and layer not in layers:
            hint = did_you_mean(layer, [each for each in layers if each])
            raise UserError(f"{type(network).__name__} has no layer {layer!r}", hint=hint)
        if checkpoint is not None:
            load_weights(network, Path(checkpoint))
        network.requires_grad_(False).eval()
        taken = f".{layer or method}" if layer or method != "forward" else ""
        self.identity = f"{name or type(network).__name__}{taken} {weights_hash(network)}"

    def train(self, mode: bool = True) -> "GridFeatures":
        """Stays as in evaluation: statistics of batches are not updated, and nothing is dropped."""
        super().train(mode)
        self.network.eval()
        return self

    @torch.no_grad()
    def features(self, pictures: Float[Tensor, "B 3 H W"]) -> Float[Tensor, "B C h w"]:
        """The features of pictures, without gradients.

        Raises: UserError, when the network returns anything but a grid.
        """
        self.network.eval()  # whoever passed it may have called train() since
        found: Any = getattr(self.network, self._method) if self._layer is None else self._captured
        device = next(self.network.parameters(), pictures).device
        grid = found(pictures.to(device))
        if not isinstance(grid, Tensor) or grid.ndim != 4 or grid.shape[0] != pictures.shape[0]:
            returned = describe(grid) if isinstance(grid, Tensor) else type(grid).__name__
            raise UserError(
                f"{type(self.network).__name__} returned {returned}, expected a grid [B, C, h, w]",
                hint='name a layer, as in GridFeatures(network, layer="layer4"), or a method="forward_features"',
            )
        return grid

    def _captured(self, pictures: Tensor) -> Any:
        """The output of the layer."""
        outputs: list[Any] = []
        layer = self.network.get_submodule(cast(str, self._layer))
        handle = layer.register_forward_hook(lambda module, inputs, output: outputs.append(output))
        try:
            self.network(pictures)
        finally:
            handle.remove()
        return outputs[-1] if outputs else None

    def forward(self, pictures: Float[Tensor, "B 3 H W"]) -> Float[Tensor, "B C h w"]:
        """The same as `features`."""
        return self.features(pictures)


class NetworkEncoder(nn.Module):
    """States from a network of the user's that stays as it is, and a layer over its features that is trained.

    `size` is a height and a width of pictures, on which the network is run once to learn the width of its features.
    """

    def __init__(self, grid: GridFeatures, config: PictureConfig, *, size: tuple[int, int] = (224, 224)) -> None:
        super().__init__()
        self.grid, self.output_dim = grid, config.hidden
        self.states = CellStates(config, grid.features(torch.zeros(1, 3, *size)).shape[1])

    def forward(self, pictures: Float[Tensor, "B 3 H W"], lengths: Int[Tensor, "B"] | None = None) -> Encoded:
        """States ``[B, h * w, A]``; all are real, and the lengths are ignored."""
        cells = self.grid.features(pictures)
        states = self.states(cells.flatten(2).transpose(1, 2), grid=(cells.shape[2], cells.shape[3]))
        return Encoded(states, torch.ones(states.shape[:2], dtype=torch.bool, device=states.device))


def load_weights(network: nn.Module, path: Path) -> None:
    """Fills a network with the weights of a .safetensors file, or of one that torch.save has written.

    Raises: UserError, when the file is missing or damaged, holds more than weights, or does not fit the network.
    """
    weights = load_tensors(path) if path.suffix == ".safetensors" else _torch_file(path)
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        # The first lines name the network and the first weights that are missing or of another shape.
        reason = " ".join(str(error).split())[:200]
        raise UserError(f"these weights do not fit the network: {reason}", where=str(path)) from error


def weights_hash(network: nn.Module) -> str:
    """A short hash of the weights of a network, of their names, shapes and bytes."""
    total = hashlib.sha256()
    for name, tensor in sorted(network.state_dict().items()):
        total.update(f"{name} {tensor.dtype} {list(tensor.shape)};".encode())
        total.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return total.hexdigest()[:12]


def _torch_file(path: Path) -> Mapping[str, Tensor]:
    if not path.is_file():
        raise UserError("there is no such file", where=str(path), hint="expected weights: .safetensors, .pt or .pth")
    try:
        content: Any = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # of many kinds, from damaged zip files to objects that are no weights
        raise UserError(
            f"this is no file of weights: {str(error).splitlines()[0][:200]}",
            where=str(path),
            hint="expected what torch.save(network.state_dict(), path) writes; objects of other classes are not loaded",
        ) from error
    for key in _NESTED:
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
    if not isinstance(content, Mapping) or not all(isinstance(each, Tensor) for each in content.values()):
        raise UserError("this file holds no weights by name", where=str(path), hint="expected a state dict")
    # Networks that were wrapped in DataParallel have a prefix before every name.
    return {str(name).removeprefix("module."): tensor for name, tensor in content.items()}
