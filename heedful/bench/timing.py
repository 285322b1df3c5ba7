"""Times calls in turns, so that a disturbance of the machine affects all of them and hardly their ratios."""

import random
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

import torch

Call = Callable[[], object]

_TURNS = 9
_STRETCH = 5
"""After this multiple of the requested seconds, fewer turns than requested are enough."""


class Sample(NamedTuple):
    """One call in milliseconds: wall-clock time, and CPU time of all threads of this process."""

    wall: float
    cpu: float


@runtime_checkable
class Clock(Protocol):
    """A way to measure the time of a call."""

    def now(self) -> float:
        """Seconds since some fixed moment."""
        ...

    def time(self, call: Call) -> Sample:
        """Make the call and return its time."""
        ...


class WallClock:
    """Wall-clock time, for work on the CPU."""

    def now(self) -> float:
        """Seconds."""
        return time.perf_counter()

    def time(self, call: Call) -> Sample:
        """The time from the call to its return."""
        cpu, wall = time.process_time(), time.perf_counter()
        call()
        return Sample(1e3 * (time.perf_counter() - wall), 1e3 * (time.process_time() - cpu))


class CudaEvents:
    """Events in a GPU's queue: the time of the device, independent of the CPU."""

    def now(self) -> float:
        """Seconds."""
        return time.perf_counter()

    def time(self, call: Call) -> Sample:
        """The time between two events around the call; it waits for the second."""
        start, stop = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        cpu = time.process_time()
        start.record()
        call()
        stop.record()
        stop.synchronize()
        return Sample(start.elapsed_time(stop), 1e3 * (time.process_time() - cpu))


def clock_for(device: torch.device) -> Clock:
    """The clock of a device."""
    return CudaEvents() if device.type == "cuda" else WallClock()


@dataclass(frozen=True)
class Timing:
    """Medians over the turns in milliseconds, and the quartiles of the wall-clock time."""

    wall: float
    low: float
    high: float
    cpu: float
    turns: int


def in_turns(calls: Mapping[str, Call], clock: Clock, *, seconds: float, turns: int = _TURNS) -> dict[str, Timing]:
    """Times calls one after the other, in rounds, until `seconds` have passed.

    There are at least `turns` rounds, unless they would take five times as long, and at least one. The caller warms the
    calls up.
    """
    samples: dict[str, list[Sample]] = {name: [] for name in calls}
    order, generator = list(calls), random.Random(1)
    begun, done = clock.now(), 0
    while not done or (passed := clock.now() - begun) < seconds or (done < turns and passed < _STRETCH * seconds):
        # The order is random, but the same in every run. A fixed one would favour a peer that always runs after one
        # that leaves warm caches.
        generator.shuffle(order)
        for name in order:
            samples[name].append(clock.time(calls[name]))
        done += 1
    return {name: _timing(of_call) for name, of_call in samples.items()}


def _timing(samples: list[Sample]) -> Timing:
    walls = [sample.wall for sample in samples]
    low, middle, high = statistics.quantiles(walls, n=4, method="inclusive") if len(walls) > 1 else walls * 3
    return Timing(middle, low, high, statistics.median(sample.cpu for sample in samples), len(samples))
