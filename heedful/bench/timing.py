"""Times calls in turns: a disturbance of the machine then falls on all of them, and the ratios survive it."""

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
"""So many times the seconds asked for may pass, before fewer turns than wanted are enough."""


class Sample(NamedTuple):
    """One call, in milliseconds: by the clock, and of the processor in all threads of this process."""

    wall: float
    cpu: float


@runtime_checkable
class Clock(Protocol):
    """What takes the time."""

    def now(self) -> float:
        """Seconds, from anywhere."""
        ...

    def time(self, call: Call) -> Sample:
        """Make the call and say what it took."""
        ...


class WallClock:
    """Wall-clock time, for work on the CPU."""

    def now(self) -> float:
        """Seconds."""
        return time.perf_counter()

    def time(self, call: Call) -> Sample:
        """Between the call and its return."""
        cpu, wall = time.process_time(), time.perf_counter()
        call()
        return Sample(1e3 * (time.perf_counter() - wall), 1e3 * (time.process_time() - cpu))


class CudaEvents:
    """Events in a GPU's own queue: the time of the device, whatever the CPU did meanwhile."""

    def now(self) -> float:
        """Seconds."""
        return time.perf_counter()

    def time(self, call: Call) -> Sample:
        """Between two events, the second of which is waited for."""
        start, stop = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        cpu = time.process_time()
        start.record()
        call()
        stop.record()
        stop.synchronize()
        return Sample(start.elapsed_time(stop), 1e3 * (time.process_time() - cpu))


def clock_for(device: torch.device) -> Clock:
    """What takes the time on a device."""
    return CudaEvents() if device.type == "cuda" else WallClock()


@dataclass(frozen=True)
class Timing:
    """Medians over the turns in milliseconds, and the quartiles of the wall's."""

    wall: float
    low: float
    high: float
    cpu: float
    turns: int


def in_turns(calls: Mapping[str, Call], clock: Clock, *, seconds: float, turns: int = _TURNS) -> dict[str, Timing]:
    """Times calls one after the other, round after round, until so many seconds have passed.

    Each round has an order of its own, the same in every run: who comes after a peer that has filled the caches is
    slower for it, and who comes after one that does the same work is quicker.
    There are at least so many turns, unless they would take five times the seconds; there is always one. Warm the
    calls up before.
    """
    samples: dict[str, list[Sample]] = {name: [] for name in calls}
    order, dice = list(calls), random.Random(1)
    begun, done = clock.now(), 0
    while not done or (passed := clock.now() - begun) < seconds or (done < turns and passed < _STRETCH * seconds):
        # A fixed order would favour a peer that always runs after one that leaves warm caches.
        dice.shuffle(order)
        for name in order:
            samples[name].append(clock.time(calls[name]))
        done += 1
    return {name: _timing(taken) for name, taken in samples.items()}


def _timing(samples: list[Sample]) -> Timing:
    walls = [sample.wall for sample in samples]
    low, middle, high = statistics.quantiles(walls, n=4, method="inclusive") if len(walls) > 1 else walls * 3
    return Timing(middle, low, high, statistics.median(sample.cpu for sample in samples), len(samples))
