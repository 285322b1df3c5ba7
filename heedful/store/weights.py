"""Weights in safetensors: tied ones stored once, with a checksum, and no code run on loading."""

import json
import re
import zlib
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from heedful.errors import UserError
from heedful.store.atomic import replacing
from heedful.store.reading import reading

_ALIASES, _CHECKSUM = "heedful.aliases", "heedful.crc32"  # our keys in the header


def save_tensors(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str] | None = None) -> None:
    """Saves named tensors as safetensors; tied ones are stored once, with an alias table in the header.

    Tensors are tied when they are views of the same memory with one layout. A checksum is stored, so that damage is
    found.
    Raises: UserError, as `replacing` does.
    """
    kept, aliases = _untie(tensors)
    ready = {name: _plain(tensor) for name, tensor in kept.items()}
    header = {**(metadata or {}), "format": "pt", _ALIASES: json.dumps(aliases), _CHECKSUM: _checksum(ready)}
    with replacing(path) as temporary:
        try:
            save_file(ready, temporary, metadata=header)
        except SafetensorError as error:
            # The library has the system's error number in its message only; `replacing` needs it to name a full disk.
            found = re.search(r"os error (\d+)", str(error))
            raise OSError(int(found[1]) if found else 0, str(error)) from error


def load_tensors(path: Path, device: str | torch.device = "cpu") -> dict[str, Tensor]:
    """Loads what `save_tensors` saved; tied names give the same tensor again.

    Raises: UserError naming the file, when it is missing, cut short or damaged.
    """
    return _load(path, device)[0]


def _load(path: Path, device: str | torch.device) -> tuple[dict[str, Tensor], dict[str, str]]:
    header = read_metadata(path)
    try:
        tensors = load_file(path)
        # Files written by other programs have no checksum.
        stated = header.get(_CHECKSUM)
        if stated is not None and stated != _checksum(tensors):
            raise _damaged(path, "its checksum does not match its content")
        aliases = {str(alias): str(name) for alias, name in json.loads(header.get(_ALIASES, "{}")).items()}
        placed = {name: tensor.to(device) for name, tensor in tensors.items()}
        return placed | {alias: placed[name] for alias, name in aliases.items()}, aliases
    except (SafetensorError, ValueError, KeyError, AttributeError, OSError) as error:
        raise _damaged(path, str(error)) from error


def read_metadata(path: Path) -> dict[str, str]:
    """The texts in the header of a weights file, without reading the weights.

    Raises: UserError naming the file, when it is missing, must not be read, is cut short or damaged.
    """
    if not path.is_file():
        raise UserError("there is no such file", where=str(path), hint="expected weights in safetensors format")
    # Opened here first: the library says of a file that must not be read that it does not exist.
    with reading(path), path.open("rb"):
        pass
    try:
        with safe_open(path, framework="pt") as file:
            return dict(file.metadata() or {})
    except (SafetensorError, OSError) as error:
        raise _damaged(path, str(error)) from error


def load_module(module: nn.Module, path: Path) -> None:
    """Fills a module with the weights of a file, and ties the parameters that were tied when it was saved.

    Raises: UserError, when the file is damaged, or holds other names or shapes than the module; says which.
    """
    tensors, aliases = _load(path, "cpu")
    expected = module.state_dict()
    _check_same_names(path, set(tensors), set(expected))
    for name, tensor in tensors.items():
        if tensor.shape != expected[name].shape:
            shapes = f"{list(tensor.shape)} in the file, {list(expected[name].shape)} in the model"
            raise _misfit(path, f"{name!r} is {shapes}")
    module.load_state_dict(tensors)
    _tie(module, aliases)


def _tie(module: nn.Module, aliases: Mapping[str, str]) -> None:
    parameters = dict(module.named_parameters(remove_duplicate=False))
    for alias, name in aliases.items():
        if alias in parameters and name in parameters and parameters[alias] is not parameters[name]:
            owner, _, attribute = alias.rpartition(".")
            setattr(module.get_submodule(owner), attribute, parameters[name])


def _untie(tensors: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors without repetitions, and for each name left out the name that holds its values."""
    first: dict[object, str] = {}
    kept: dict[str, Tensor] = {}
    aliases: dict[str, str] = {}
    for name, tensor in tensors.items():
        memory = (tensor.device, tensor.untyped_storage().data_ptr(), tensor.storage_offset())
        layout = (tensor.dtype, tensor.shape, tensor.stride())
        # Empty tensors all have address 0, and would look tied.
        key = (memory, layout) if tensor.numel() else name
        holder = first.setdefault(key, name)
        if holder == name:
            kept[name] = tensor
        else:
            aliases[name] = holder
    return kept, aliases


def _plain(tensor: Tensor) -> Tensor:
    """The tensor as safetensors wants it: on the CPU, dense, alone in its memory."""
    dense = tensor.detach().to("cpu").contiguous()
    # A slice of a larger tensor would be saved with all of its storage.
    return dense if dense.untyped_storage().nbytes() == dense.nbytes else dense.clone()


def _checksum(tensors: Mapping[str, Tensor]) -> str:
    """CRC-32 over names, types, shapes and bytes, in the order of the names."""
    value = 0
    for name, tensor in sorted(tensors.items()):
        value = zlib.crc32(f"{name} {tensor.dtype} {list(tensor.shape)};".encode(), value)
        value = zlib.crc32(tensor.reshape(-1).view(torch.uint8).numpy().data, value)
    return f"{value:08x}"


def _check_same_names(path: Path, found: set[str], expected: set[str]) -> None:
    missing, extra = sorted(expected - found), sorted(found - expected)
    parts = [
        f"{len(names)} {word}, such as {names[0]!r}"
        for names, word in ((missing, "missing"), (extra, "too many"))
        if names
    ]
    if parts:
        raise _misfit(path, "; ".join(parts))


def _misfit(path: Path, reason: str) -> UserError:
    return UserError(
        f"these weights do not fit the model: {reason}",
        where=str(path),
        hint="the settings and the weights of a run folder belong together: copy the whole folder",
    )


def _damaged(path: Path, reason: str) -> UserError:
    return UserError(
        f"this file is damaged: {reason}", where=str(path), hint="copy it again from its source, or train again"
    )
