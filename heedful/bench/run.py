"""Runs a case at its lengths: checks every peer's answer, lets them take turns, and asks for their memory."""

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
"""Lengths from which on a case is a sweep: memory is measured too, and it can be drawn."""
_SHARE = 0.5
"""Of the free memory, what a call may be foreseen to take."""
_FLOPS = {PASSES[0]: 4, PASSES[1]: 14}
"""Additions and products for a pair and channel of the inner form: two matrix products forward, five backward."""


@dataclass(frozen=True)
class Settings:
    """How long the peers of a row take turns, at how many turns at least, and from what call on a peer leaves."""

    device: torch.device
    seconds: float = 3.0
    turns: int = 9
    longest: float = 20.0


def run_case(
    name: str, lengths: Sequence[int], peers: Sequence[str], *, settings: Settings, say: Callable[[str], None]
) -> Iterator[Row]:
    """The rows of a case at several lengths, ours first in each pass, as they are measured.

    `peers` are names of `PEERS` that are here. `say` is told what is being done.
    Raises: RuntimeError, when ours gives a wrong answer: nothing else is then worth timing.
    """
    those = [OURS, *(peer for peer in peers if peer != OURS)]
    entrants = _Competition(name, those, settings, len(lengths) >= _SWEEP, say)
    for length in sorted(lengths):
        # Without a reset torch.compile compiles for any length from the second one on, and gives up after the eighth.
        torch.compiler.reset()
        yield from entrants.run(length)


@dataclass
class _Competition:
    """The peers of one case, and what is known of them from shorter lengths."""

    name: str
    peers: list[str]
    settings: Settings
    weighs: bool
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
        """Leaves out the peers that cannot or must not run, checks and times the others."""
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
        """The rows of those who passed."""
        settings = self.settings
        self.say(f"{case.name} {case.size}, {way}: {', '.join(calls)} take turns")
        taken = in_turns(calls, clock_for(settings.device), seconds=settings.seconds, turns=settings.turns)
        for peer, timing in taken.items():
            extra, note = self._weigh(case, peer, way)
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

    def _weigh(self, case: Case, peer: str, way: str) -> tuple[int | None, str]:
        """The bytes of a call, or why they are not known."""
        if not self.weighs:
            return None, ""
        self.say(f"{case.name} {case.size}, {way}: memory of {peer}")
        device = str(self.settings.device)
        request = MemoryRequest(case.name, case.length, peer, way, torch.get_num_threads(), device)
        found = measure(request, seconds=600.0 + 30.0 * self.settings.longest)
        return (None, found) if isinstance(found, str) else (found, "")

    def _too_much(self, case: Case, peer: str, way: str) -> str:
        """Why a peer is left out from this length on, foreseen from what it must hold and from what it took before."""
        shorter, row = self.before.get((peer, way), (case, None))
        seconds = row.timing.wall / 1e3 * case.pairs / max(1, shorter.pairs) if row and row.timing else 0.0
        if seconds > self.settings.longest and peer != OURS:
            return f"a call would take about {float(f'{seconds:.2g}'):g} s"
        # Two estimates, and the larger counts: what the formula must hold, and what was measured at a shorter length. A
        # backward pass holds about half as much again.
        floats = PEERS[peer].floats
        held = floats(case) * case.dtype.itemsize * (3 if way == PASSES[1] else 2) // 2
        grown = (row.bytes or 0) * floats(case) // max(1, floats(shorter)) if row else 0
        needed, free = max(held, grown), free_memory(self.settings.device)
        if free and needed > _SHARE * free:
            return f"would take {needed / 1e9:,.0f} GB of memory, and {free / 1e9:,.0f} GB are free"
        return ""

    def _leaves(self, case: Case, peer: str, ways: Sequence[str], reason: str) -> Row:
        """The row of a peer that is not timed here, nor at longer ones."""
        self.out |= {(peer, way) for way in ways}
        way, onwards = ways[0] if len(ways) == 1 else "both", " from here on" if self.weighs else ""
        return Row(case.name, case.length, case.size, way, peer, note=f"left out{onwards}: {reason}")


def label(peer: str, implementation: Implementation) -> str:
    """A peer's name, and what it does instead where that is other work."""
    return f"{peer}: {implementation.other}" if implementation.other else peer


def _attempt(call: Callable[[], Result]) -> Result | str:
    """What a call returns, or how it failed: a peer's failure is a line of the table."""
    try:
        return call()
    except Exception as fault:  # code of another library, which may fail for any reason
        words = " ".join(str(fault).split())
        return f"failed: {type(fault).__name__}: {words[:200]}"


def _wrong(
    case: Case, implementation: Implementation, tensors: Sequence[Tensor], *, ours: list[Tensor], found: list[Tensor]
) -> str:
    """What is wrong with an answer; nothing, also of other work, which has no right answer here."""
    if implementation.other:
        return ""
    if len(found) == 1:
        return wrong_contexts(case, tensors, found[0])
    return wrong_gradients(case, ours, found)


def _rate(case: Case, way: str, timing: Timing) -> str:
    """On a GPU, what was done a second: products and sums of the inner form, terms of the other."""
    if case.device.type != "cuda":
        return ""
    per_second = case.terms / (timing.wall / 1e3) / 1e12
    if case.work.weight is not None:
        return f"{per_second:.2f} T terms/s"
    return f"{_FLOPS[way] * per_second:.1f} TFLOP/s"
