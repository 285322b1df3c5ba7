"""Runs a case at its lengths: checks every peer's results, times the peers in turns, and measures their memory."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import torch
from torch import Tensor

from heedful.bench.case import PASSES, Case
from heedful.bench.cases import CASES
from heedful.bench.check import wrong_contexts, wrong_gradients
from heedful.bench.implementation import Implementation, call_of
from heedful.bench.memory import MemoryRequest, free_memory, measure
from heedful.bench.peers import OURS, PEERS
from heedful.bench.report import Row
from heedful.bench.timing import Timing, clock_for, in_turns

Result = TypeVar("Result")

_SWEEP = 3
"""From this number of lengths on a case is a sweep: memory is measured too, and a picture is drawn."""
_SHARE = 0.5
"""The fraction of the free memory that the estimate for a call may reach."""
_FLOPS = {PASSES[0]: 4, PASSES[1]: 14}
"""Additions and products for a pair and channel of the inner form: two matrix products forward, five backward."""


@dataclass(frozen=True)
class Settings:
    """For each pass: the seconds of timing, the least number of turns, and the longest call in seconds.

    A peer whose call would take longer is left out.
    """

    device: torch.device
    seconds: float = 3.0
    turns: int = 9
    longest: float = 20.0


def run_case(
    name: str, lengths: Sequence[int], peers: Sequence[str], *, settings: Settings, say: Callable[[str], None]
) -> Iterator[Row]:
    """The rows of a case at several lengths, ours first in each pass, as they are measured.

    `peers` are names of installed `PEERS`. `say` is called with progress messages.
    Raises: RuntimeError, when our result is wrong: there is nothing to compare with then.
    """
    ours_first = [OURS, *(peer for peer in peers if peer != OURS)]
    comparison = _Comparison(name, ours_first, settings, len(lengths) >= _SWEEP, say)
    for length in sorted(lengths):
        # Without a reset torch.compile compiles for variable lengths from the second length on, and gives up after the
        # eighth.
        torch.compiler.reset()
        yield from comparison.run(length)


@dataclass
class _Comparison:
    """The peers of a case, and their results at shorter lengths."""

    name: str
    peers: list[str]
    settings: Settings
    measures_memory: bool
    say: Callable[[str], None]
    out: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    before: dict[tuple[str, str], tuple[Case, Row]] = field(default_factory=dict[tuple[str, str], tuple[Case, Row]])

    def run(self, length: int) -> Iterator[Row]:
        """Both passes at one length."""
        case = CASES[self.name].make(length, self.settings.device)
        implementations: dict[str, Implementation] = {}
        for peer in self.peers:
            if all((peer, way) in self.out for way in PASSES):
                continue
            found = _attempt(lambda peer=peer: PEERS[peer].implement(case))
            if isinstance(found, str):
                yield self._leaves(case, peer, PASSES, found)
            else:
                implementations[peer] = found
        for way in PASSES:
            yield from self._pass(case, implementations, way)

    def _pass(self, case: Case, implementations: dict[str, Implementation], way: str) -> Iterator[Row]:
        """Skips the peers that cannot or must not run, then checks and times the rest."""
        learns, calls = way == PASSES[1], dict[str, Callable[[], list[Tensor]]]()
        tensors, ours = case.inputs(), list[Tensor]()
        for peer, implementation in implementations.items():
            if (peer, way) in self.out:
                continue
            self.say(f"{case.name} {case.size}, {way}: {peer} is checked")
            reason = (implementation.no_backward if learns else "") or self._too_much(case, peer, way)
            call = call_of(case, implementation.attend, tensors, backward=learns)
            found = reason or _attempt(call)
            if peer == OURS and not isinstance(found, str):
                ours = found
            wrong = found if isinstance(found, str) else _wrong(case, implementation, tensors, ours=ours, found=found)
            if wrong and peer == OURS and not reason:
                raise RuntimeError(f"{case.name} {case.size}, {way}: ours is {wrong}")
            if wrong:
                yield self._leaves(case, peer, (way,), wrong)
            else:
                calls[peer] = call
            if wrong and peer == OURS:
                return  # there is nothing to compare with
        # Our gradients are only needed for the checks: they are freed before the timing.
        ours.clear()
        yield from self._timed(case, implementations, way, calls=calls)

    def _timed(
        self,
        case: Case,
        implementations: dict[str, Implementation],
        way: str,
        *,
        calls: dict[str, Callable[[], list[Tensor]]],
    ) -> Iterator[Row]:
        """The rows of the peers that passed the check."""
        settings = self.settings
        self.say(f"{case.name} {case.size}, {way}: {', '.join(calls)} take turns")
        taken = in_turns(calls, clock_for(settings.device), seconds=settings.seconds, turns=settings.turns)
        for peer, timing in taken.items():
            extra, note = self._memory(case, peer, way)
            row = Row(
                case.name,
                case.length,
                case.size,
                way,
                label(peer, implementations[peer]),
                timing=timing,
                ratio=timing.wall / taken[OURS].wall,
                bytes=extra,
                rate=_rate(case, way, timing),
                note=note,
            )
            self.before[peer, way] = case, row
            yield row

    def _memory(self, case: Case, peer: str, way: str) -> tuple[int | None, str]:
        """The bytes of a call, or the reason why they are unknown."""
        if not self.measures_memory:
            return None, ""
        self.say(f"{case.name} {case.size}, {way}: memory of {peer}")
        device = str(self.settings.device)
        request = MemoryRequest(case.name, case.length, peer, way, torch.get_num_threads(), device)
        found = measure(request, seconds=600.0 + 30.0 * self.settings.longest)
        return (None, found) if isinstance(found, str) else (found, "")

    def _too_much(self, case: Case, peer: str, way: str) -> str:
        """Why a peer is left out from this length on, by estimates of its time and memory; empty if it is not."""
        shorter, row = self.before.get((peer, way), (case, None))
        seconds = row.timing.wall / 1e3 * case.pairs / max(1, shorter.pairs) if row and row.timing else 0.0
        if seconds > self.settings.longest and peer != OURS:
            return f"a call would take about {float(f'{seconds:.2g}'):g} s"
        # The larger of two estimates counts: from the formula, and from the memory measured at a shorter length. A
        # backward pass holds about 1.5 times as much.
        floats = PEERS[peer].floats
        held = floats(case) * case.dtype.itemsize * (3 if way == PASSES[1] else 2) // 2
        grown = (row.bytes or 0) * floats(case) // max(1, floats(shorter)) if row else 0
        needed, free = max(held, grown), free_memory(self.settings.device)
        if free and needed > _SHARE * free:
            return f"would take {needed / 1e9:,.0f} GB of memory, and {free / 1e9:,.0f} GB are free"
        return ""

    def _leaves(self, case: Case, peer: str, ways: Sequence[str], reason: str) -> Row:
        """The row of a peer that is not timed at this length nor at longer ones."""
        self.out |= {(peer, way) for way in ways}
        way, onwards = ways[0] if len(ways) == 1 else "both", " from here on" if self.measures_memory else ""
        return Row(case.name, case.length, case.size, way, peer, note=f"left out{onwards}: {reason}")


def label(peer: str, implementation: Implementation) -> str:
    """A peer's name, and the computation that it substitutes, if any."""
    return f"{peer}: {implementation.substitute}" if implementation.substitute else peer


def _attempt(call: Callable[[], Result]) -> Result | str:
    """The result of a call, or its error as a message, which becomes a row of the table."""
    try:
        return call()
    except Exception as error:  # code of another library, which may fail for any reason
        message = " ".join(str(error).split())
        return f"failed: {type(error).__name__}: {message[:200]}"


def _wrong(
    case: Case, implementation: Implementation, tensors: Sequence[Tensor], *, ours: list[Tensor], found: list[Tensor]
) -> str:
    """What is wrong with a result; empty if it is right, or the peer computes a substitute."""
    if implementation.substitute:
        return ""
    if len(found) == 1:
        return wrong_contexts(case, tensors, found[0])
    return wrong_gradients(case, ours, found)


def _rate(case: Case, way: str, timing: Timing) -> str:
    """On a GPU the operations per second: products and sums of the inner form, terms of the tanh form."""
    if case.device.type != "cuda":
        return ""
    per_second = case.terms / (timing.wall / 1e3) / 1e12
    if case.work.weight is not None:
        return f"{per_second:.2f} T terms/s"
    return f"{_FLOPS[way] * per_second:.1f} TFLOP/s"
