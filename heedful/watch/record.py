"""The recorder: where a model looks, read beside its run without changing one bit of what it returns."""

from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from heedful.choice import Gumbel, Hard
from heedful.errors import UserError, did_you_mean
from heedful.shapes import describe
from heedful.structure import Attention, MultiHead, Weighted

Looking = Attention | MultiHead | Weighted
"""The modules that look."""


@dataclass
class Recording:
    """What was seen: for every module that looked, the weights of each of its calls, in order.

    `calls` holds ``[B, H, T, S]`` each, H = 1 for a single attention.
    """

    calls: dict[str, list[Float[Tensor, "_ _ _ _"]]] = field(default_factory=dict[str, list[Tensor]])

    @property
    def maps(self) -> dict[str, Float[Tensor, "_ _ _ _"]]:
        """One map a module, ``[B, H, T, S]``, the calls after one another along T, as a decoder that steps makes them.

        A memory that grew from call to call is filled up with zeros: keys that were not there yet.
        Raises: ValueError, when the calls saw different batches; read `calls` then.
        """
        return {name: _join(name, calls) for name, calls in self.calls.items()}


@contextmanager
def record(model: nn.Module, names: str = "*") -> Generator[Recording]:
    """Records where a model looks while a block runs.

    Use it as ``with record(model) as seen: model(...)``, then read ``seen.maps``.

    `names` chooses modules by their name in the model, with * and ? (``"decoder.*"``). The model computes what it
    computes without the recorder, bit for bit: the weights come from a second question to the same module, asked
    under no_grad, after which the random state is put back. A sampled choice is drawn again from the random state
    that the call began with.
    Raises: UserError, when no attention in the model has such a name; lists those it has.
    """
    recording = Recording()
    with ExitStack() as hooks:
        for name, module in _expect_some(model, names).items():
            watcher = _Watcher(module, recording.calls.setdefault(name, []))
            hooks.callback(module.register_forward_pre_hook(watcher.before).remove)
            hooks.callback(module.register_forward_hook(watcher.after, with_kwargs=True).remove)
        yield recording


def attentions(model: nn.Module, names: str = "*") -> dict[str, Looking]:
    """Every place where a model looks, by name; of a multi-head attention the whole, not its inner part."""
    return {name: module for name, module in _outermost("", model) if fnmatchcase(name, names)}


def _expect_some(model: nn.Module, names: str) -> dict[str, Looking]:
    chosen = attentions(model, names)
    if not chosen:
        found = attentions(model)
        hint = did_you_mean(names, found) if found else "this model has no heedful.Attention or heedful.MultiHead in it"
        raise UserError(f"no attention is called {names!r}", hint=hint)
    return chosen


def _outermost(prefix: str, module: nn.Module) -> Iterator[tuple[str, Looking]]:
    if isinstance(module, Looking):
        yield prefix or "attention", module
        return
    for name, child in module.named_children():
        yield from _outermost(f"{prefix}.{name}" if prefix else name, child)


class _Watcher:
    """The two hooks on one module: remember the random state before its call, ask for the weights after it."""

    def __init__(self, module: Looking, calls: list[Tensor]) -> None:
        self._calls = calls
        self._sources = _random_sources(module)
        self._states: list[Tensor] = []

    def before(self, module: nn.Module, args: tuple[Any, ...]) -> None:
        self._states = self._sources.read()

    def after(self, module: Looking, args: tuple[Any, ...], kwargs: dict[str, Any], output: Any) -> None:
        states = self._sources.read()
        self._sources.write(self._states)
        try:
            with torch.no_grad():
                weights = module.align(*args, **kwargs)
        finally:
            self._sources.write(states)
        self._calls.append(_as_heads(weights, not isinstance(module, Attention)))


class _RandomSources:
    """All random state that a call of a module can draw from."""

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
        device = torch.device("cuda", torch.cuda.current_device())  # a score without parameters tells no device
    draws = [choice.draw for choice in module.modules() if isinstance(choice, Hard)]
    own = [draw.generator for draw in draws if isinstance(draw, Gumbel)]
    return _RandomSources(device, [generator for generator in own if isinstance(generator, torch.Generator)])


def _as_heads(weights: Tensor, has_heads: bool) -> Float[Tensor, "B H T S"]:
    """Weights as ``[B, H, T, S]``, whatever batch axes the call had."""
    weights = weights if has_heads else weights.unsqueeze(-3)
    return weights.reshape(-1, *weights.shape[-3:])


def _join(name: str, calls: list[Tensor]) -> Float[Tensor, "B H T S"]:
    if not calls:
        return torch.zeros(0, 1, 0, 0)
    batches = {call.shape[:2] for call in calls}
    if len(batches) > 1:
        shapes = ", ".join(sorted({describe(call) for call in calls}))
        raise ValueError(
            f"the calls of {name!r} saw different batches ({shapes}) and make no one map: "
            "record one batch at a time, or read `recording.calls`."
        )
    widest = max(call.shape[-1] for call in calls)
    return torch.cat([nn.functional.pad(call, (0, widest - call.shape[-1])) for call in calls], dim=-2)
