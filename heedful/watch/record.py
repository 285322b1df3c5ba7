"""The recorder: the attention weights of a model while it runs, without changing one bit of its output."""

from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from heedful.choice import Gumbel, Hard
from heedful.shapes import describe
from heedful.watch.aligning import expect_attentions, weights_of


@dataclass
class Recording:
    """For every recorded module, by name, the weights of each of its calls in order.

    Each is ``[B, H, T, S]``, with H = 1 for a single attention.
    """

    calls: dict[str, list[Float[Tensor, "_ _ _ _"]]] = field(default_factory=dict[str, list[Tensor]])

    @property
    def maps(self) -> dict[str, Float[Tensor, "_ _ _ _"]]:
        """One map ``[B, H, T, S]`` for each module: its calls, such as the steps of a decoder, joined along T.

        Where the memory grew from call to call, keys that did not exist yet have weight 0.
        Raises: ValueError, when the calls have different batch sizes or heads; read `calls` then.
        """
        return {name: _join(name, calls) for name, calls in self.calls.items()}


@contextmanager
def record(model: nn.Module, names: str = "*") -> Generator[Recording]:
    """Records the attention weights of a model while a block runs.

    Use it as ``with record(model) as recording: model(...)``, then read ``recording.maps``. Any module with a method
    ``align(query, key, ...)`` that takes what its `forward` takes is recorded, also one that is not ours.

    `names` selects modules by their name in the model, with * and ? (``"decoder.*"``). Outputs, gradients and random
    states are bit for bit those without the recorder: after each call, `align` is called with the same arguments under
    no_grad, starting from the random state that the call started with, and the random state is restored.
    Raises: UserError, when no attention in the model has such a name, which lists those it has; ShapeError, during a
        call of the model, when an `align` returns no weights for the call's queries and keys.
    """
    recording = Recording()
    with ExitStack() as hooks:
        for name, module in expect_attentions(model, names).items():
            watcher = _Watcher(name, module, recording.calls.setdefault(name, []))
            hooks.callback(module.register_forward_pre_hook(watcher.before).remove)
            hooks.callback(module.register_forward_hook(watcher.after, with_kwargs=True).remove)
        yield recording


class _Watcher:
    """Two hooks on a module: one saves the random state before a call, the other computes the weights after it."""

    def __init__(self, name: str, module: nn.Module, calls: list[Tensor]) -> None:
        self._name, self._calls = name, calls
        self._sources = _random_sources(module)
        self._states: list[Tensor] = []

    def before(self, module: nn.Module, args: tuple[Any, ...]) -> None:
        self._states = self._sources.read()

    def after(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], output: Any) -> None:
        states = self._sources.read()
        self._sources.write(self._states)
        try:
            with torch.no_grad():
                weights = weights_of(module, args, kwargs, name=self._name)
        finally:
            self._sources.write(states)
        self._calls.append(weights)


class _RandomSources:
    """The states of all random number generators that a call of a module can draw from."""

    def __init__(self, device: torch.device | None, generators: list[torch.Generator]) -> None:
        self._device = device
        self._generators = generators

    def read(self) -> list[Tensor]:
        cuda = [torch.cuda.get_rng_state(self._device)] if self._device else []
        return [torch.get_rng_state(), *cuda, *(generator.get_state() for generator in self._generators)]

    def write(self, states: list[Tensor]) -> None:
        rest = iter(states)
        torch.set_rng_state(next(rest))
        if self._device:
            torch.cuda.set_rng_state(next(rest), self._device)
        for generator, state in zip(self._generators, rest, strict=True):
            generator.set_state(state)


def _random_sources(module: nn.Module) -> _RandomSources:
    tensors = (*module.parameters(), *module.buffers())
    device = next((tensor.device for tensor in tensors if tensor.is_cuda), None)
    if device is None and torch.cuda.is_initialized():
        device = torch.device("cuda", torch.cuda.current_device())  # without parameters the device is unknown
    draws = [choice.draw for choice in module.modules() if isinstance(choice, Hard)]
    found = [draw.generator for draw in draws if isinstance(draw, Gumbel)]
    found += [value for part in module.modules() for value in vars(part).values()]  # of a user's own modules
    generators = {id(value): value for value in found if isinstance(value, torch.Generator)}
    return _RandomSources(device, list(generators.values()))


def _join(name: str, calls: list[Tensor]) -> Float[Tensor, "B H T S"]:
    if not calls:
        return torch.zeros(0, 1, 0, 0)
    batches = {call.shape[:2] for call in calls}
    if len(batches) > 1:
        shapes = ", ".join(sorted({describe(call) for call in calls}))
        raise ValueError(
            f"the calls of {name!r} had different batches ({shapes}) and cannot be joined to one map: "
            "record one batch at a time, or read `recording.calls`."
        )
    widest = max(call.shape[-1] for call in calls)
    return torch.cat([nn.functional.pad(call, (0, widest - call.shape[-1])) for call in calls], dim=-2)
