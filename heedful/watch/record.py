"""The recorder: the attention weights of a model while it runs, without changing one bit of its output."""

from collections.abc import Generator
from contextlib import ExitStack, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from threading import Lock, local
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from heedful.shapes import describe
from heedful.watch.aligning import expect_attentions, weights_of
from heedful.watch.random_replay import RandomSources, RandomStates

_active: ContextVar[frozenset[int]] = ContextVar("heedful_recordings", default=frozenset())
"""The recordings in progress in this thread or task, by their ids. A new thread begins with none."""

_hooking = Lock()
"""Held while hooks are added: torch numbers them without a lock, and two with one number would be one hook."""


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

    def __repr__(self) -> str:
        counts = ", ".join(f"{name!r}: {len(calls)}" for name, calls in self.calls.items())
        return f"Recording(calls {{{counts}}})"


@contextmanager
def record(model: nn.Module, names: str = "*") -> Generator[Recording]:
    """Records the attention weights of a model while a block runs.

    Use it as ``with record(model) as recording: model(...)``, then read ``recording.maps``. Any module with a method
    ``align(query, key, ...)`` that takes what its `forward` takes is recorded, also one that is not ours.

    `names` selects modules by their name in the model, with * and ? (``"decoder.*"``). Outputs, gradients and random
    states are bit for bit those without the recorder: after each call, `align` is called with the same arguments under
    no_grad, and draws from copies of the generators, in the states that they had before the call. (If another thread
    draws from the same generator during a call, the weights of a module that samples are those of another sample.)
    Only calls of this thread (or asyncio task) are recorded, so that several threads can use and record one model at
    the same time. A forward pass that activation checkpointing repeats in the backward pass is recorded once.
    Raises: UserError, when no attention in the model has such a name, which lists those it has; ShapeError, during a
        call of the model, when an `align` returns no weights for the call's queries and keys.
    """
    recording = Recording()
    key = id(recording)
    with ExitStack() as cleanup:
        with _hooking:
            for name, module in expect_attentions(model, names).items():
                watcher = _Watcher(name, module, recording.calls.setdefault(name, []), key)
                cleanup.callback(module.register_forward_pre_hook(watcher.before).remove)
                cleanup.callback(module.register_forward_hook(watcher.after, with_kwargs=True).remove)
        _active.set(_active.get() | {key})
        # Removed by its key, not by a token: recordings in generators may end in another order than they began.
        cleanup.callback(lambda: _active.set(_active.get() - {key}))
        yield recording


@contextmanager
def unrecorded() -> Generator[None]:
    """A block whose calls no recording of this thread keeps.

    Predictors use it for calls that are not part of an answer, such as the hypotheses that a search rejects.
    """
    token = _active.set(frozenset())
    try:
        yield
    finally:
        _active.reset(token)


class _Watcher:
    """Two hooks on a module: one reads the random states before a call, the other computes the weights after it.

    Other threads that call the module run these hooks, too, and must not notice them.
    """

    def __init__(self, name: str, module: nn.Module, calls: list[Tensor], key: int) -> None:
        self._name, self._calls, self._key = name, calls, key
        self._sources = RandomSources(module)
        self._before = _Before()

    def before(self, module: nn.Module, args: tuple[Any, ...]) -> None:
        if self._records():
            self._before.states.append(self._sources.read())

    def after(self, module: nn.Module, args: tuple[Any, ...], *rest: Any) -> None:
        # The rest are keyword arguments and the output. While the recording's thread removes this hook, torch may call
        # it in another thread without keyword arguments.
        if not self._records() or len(rest) < 2 or not self._before.states:
            return
        states = self._before.states.pop()
        with torch.no_grad(), nullcontext() if states is None else states.replayed():
            weights = weights_of(module, args, rest[0], name=self._name)
        self._calls.append(weights)

    def _records(self) -> bool:
        """Whether this call belongs to the recording, and is not one that checkpointing repeats."""
        return self._key in _active.get() and not _runs_backward()


class _Before(local):
    """The random states before the calls that are in progress in this thread, the innermost last."""

    def __init__(self) -> None:
        self.states: list[RandomStates | None] = []


def _runs_backward() -> bool:
    """Whether autograd runs a backward pass in this thread; `torch.utils.checkpoint` asks in the same way."""
    return torch._C._current_graph_task_id() != -1  # pyright: ignore[reportPrivateUsage] - there is no public name


def _join(name: str, calls: list[Tensor]) -> Float[Tensor, "B H T S"]:
    if not calls:
        return torch.zeros(0, 1, 0, 0)
    batches = {call.shape[:2] for call in calls}
    if len(batches) > 1:
        shapes = ", ".join(sorted({describe(call) for call in calls}))
        raise ValueError(
            f"the calls of {name!r} had different batches ({shapes}) and cannot be joined to one map: "
            "record one batch at a time (of a predictor: one question), or read `recording.calls`."
        )
    widest = max(call.shape[-1] for call in calls)
    # A memory that grows, as in decoding step by step, has fewer keys in the first calls.
    return torch.cat([nn.functional.pad(call, (0, widest - call.shape[-1])) for call in calls], dim=-2)
