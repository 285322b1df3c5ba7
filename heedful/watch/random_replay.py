"""Repeats a computation with the random numbers that it drew the first time, and leaves every generator alone.

The global generators belong to all threads of a process. Rewinding one, even for a moment, would give another thread
numbers that were drawn before. The repetition therefore draws from copies.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Generator, Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from heedful.choice import Gumbel, Hard


class RandomStates:
    """The states of all generators that a call of a module can draw from, at one moment."""

    def __init__(self, device: torch.device | None, generators: Sequence[Generator]) -> None:
        self._states: dict[torch.device, Tensor] = {torch.device("cpu"): torch.get_rng_state()}
        if device is not None:
            self._states[device] = torch.cuda.get_rng_state(device)
        self._of_generators = {_identity(generator): generator.get_state() for generator in generators}

    def replayed(self) -> "Replay":
        """A context in which random operations draw the numbers that followed these states."""
        return Replay(self._states, self._of_generators)


class RandomSources:
    """The generators that a call of a module can draw from: the global ones, and those that its parts hold."""

    def __init__(self, module: nn.Module) -> None:
        tensors = (*module.parameters(), *module.buffers())
        self._device = next((tensor.device for tensor in tensors if tensor.is_cuda), None)
        if self._device is None and torch.cuda.is_initialized():
            # Without parameters the device is unknown.
            self._device = torch.device("cuda", torch.cuda.current_device())
        draws = [choice.draw for choice in module.modules() if isinstance(choice, Hard)]
        candidates = [draw.generator for draw in draws if isinstance(draw, Gumbel)]
        candidates += [value for part in module.modules() for value in vars(part).values()]  # of a user's own modules
        self._generators = list({id(value): value for value in candidates if isinstance(value, Generator)}.values())

        self._parts = list(module.modules())
        self._is_known = all(map(_is_known, self._parts))

    def read(self) -> RandomStates | None:
        """The present states; None if the module cannot draw anything, which saves the time that copies take."""
        if self._is_known and not any(part.training for part in self._parts):
            return None
        return RandomStates(self._device, self._generators)


def _is_known(part: nn.Module) -> bool:
    """Whether a module is known to draw nothing in evaluation mode: ours without sampling, and torch's."""
    if isinstance(part, Hard) or not type(part).__module__.startswith(("heedful.", "torch.nn.")):
        return False
    # A score may also be a function of the user's.
    return isinstance(getattr(part, "score", part), nn.Module)


class Replay(TorchDispatchMode):
    """Sends every random operation of this thread to a copy of the generator that it would draw from."""

    def __init__(self, states: Mapping[torch.device, Tensor], of_generators: Mapping[int, Tensor]) -> None:
        super().__init__()
        self._states, self._of_generators = states, of_generators
        self._copies: dict[int | torch.device, Generator] = {}

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """Runs one operation."""
        kwargs = dict(kwargs or {})
        if torch.Tag.nondeterministic_seeded not in func.tags:
            return func(*args, **kwargs)
        named = dict(zip((argument.name for argument in func._schema.arguments), args, strict=False)) | kwargs
        # Attention of torch counts as random even where its dropout draws nothing.
        if named.get("dropout_p") == 0:
            return func(*args, **kwargs)
        copy = self._copy(named)
        if copy is None:
            return func(*args, **kwargs)
        if func in _LIKE:
            filled = torch.empty_like(*args, **kwargs)
            return getattr(filled, _LIKE[func])(generator=copy)
        overload = _with_generator(func)
        if overload is None:
            return _drawn_globally(func, args, kwargs, copy)
        return overload(**(named | {"generator": copy}))

    def _copy(self, named: Mapping[str, Any]) -> Generator | None:
        """The copy of the generator that an operation would draw from; None where the operation may draw from it."""
        generator: Any = named.get("generator")
        device = _device_of(named) if generator is None else generator.device
        identity = None if generator is None else _identity(generator)
        is_global = identity is None or identity == _identity(_default(device))
        key = device if identity is None or is_global else identity
        if key not in self._copies:
            state = self._states.get(device) if is_global else self._of_generators.get(identity or 0)
            if state is None and not is_global:
                return None  # `align` has made it by itself, such as one with a fixed seed
            self._copies[key] = Generator(device)
            self._copies[key].set_state(_default(device).get_state() if state is None else state)
        return self._copies[key]


_LIKE: Mapping[Any, str] = {torch.ops.aten.rand_like.default: "uniform_", torch.ops.aten.randn_like.default: "normal_"}
"""Operations without a generator argument, and the method that does the same to an empty tensor."""


def _with_generator(func: Any) -> Any:
    """The overload of an operation that also takes a generator; None if there is none."""
    names = [argument.name for argument in func._schema.arguments]
    if "generator" in names:
        return func
    for name in func.overloadpacket.overloads():
        overload = getattr(func.overloadpacket, name)
        accepted = [argument.name for argument in overload._schema.arguments]
        if "generator" in accepted and [name for name in accepted if name != "generator"] == names:
            return overload
    return None


def _drawn_globally(func: Any, args: Sequence[Any], kwargs: Mapping[str, Any], copy: Generator) -> Any:
    """Runs an operation that only draws from the global generator, such as the fused dropout of a GPU.

    The global generator is rewound and put back, which other threads that draw in this moment would notice: there is
    no other way to give such an operation the same numbers.
    """
    default = _default(copy.device)
    state = default.get_state()
    default.set_state(copy.get_state())
    try:
        result = func(*args, **kwargs)
        copy.set_state(default.get_state())
        return result
    finally:
        default.set_state(state)


def _identity(generator: Generator) -> int:
    """What tells generators apart: operations get another Python object of the same generator."""
    return generator._cdata  # pyright: ignore[reportAttributeAccessIssue] - which torch's stubs do not know


def _default(device: torch.device) -> Generator:
    return torch.cuda.default_generators[device.index or 0] if device.type == "cuda" else torch.default_generator


def _device_of(named: Mapping[str, Any]) -> torch.device:
    """The device on which an operation draws."""
    tensor = next((value.device for value in named.values() if isinstance(value, Tensor)), torch.device("cpu"))
    device = torch.device(named.get("device") or tensor)
    has_number = str(device) != "cuda"  # torch's stubs say that the index is never None
    if not has_number:
        return torch.device("cuda", torch.cuda.current_device())
    return device
