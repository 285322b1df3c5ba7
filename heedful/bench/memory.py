"""How much memory one call takes at its peak, in a fresh process; and how much there is.

On Linux the kernel's own high-water mark says it (VmHWM), on a GPU torch's allocator; other systems cannot tell.
"""

import ctypes
import gc
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from heedful.bench.case import PASSES

_STATUS = Path("/proc/self/status")
_WARM = 2048
"""The longest case that is called once before, so that what is loaded and compiled does not count."""


@dataclass(frozen=True)
class Asked:
    """Whose memory is asked: names out of the closed tables, and the settings of the run."""

    case: str
    length: int
    peer: str
    way: str
    threads: int
    device: str


def extra_memory(call: Callable[[], object], warm: Callable[[], object], device: torch.device) -> int:
    """The bytes that a call holds at its peak on top of what was there, after a call that warms up.

    Meant for a process of its own, whose allocator gives freed buffers back.
    """
    warm()
    gc.collect()
    if device.type == "cuda":
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        call()
        torch.cuda.synchronize()
        return torch.cuda.max_memory_allocated() - before
    _give_back()
    before = _status("VmRSS") if _forget_peak() else _status("VmHWM")
    call()
    return max(0, _status("VmHWM") - before)


def measure(asked: Asked, *, seconds: float) -> int | str:
    """The same in a fresh process.

    Returns: bytes, or in words why there are none.
    """
    if asked.device == "cpu" and not _STATUS.exists():
        return f"memory is not measured on {sys.platform}"
    command = [sys.executable, "-W", "ignore", "-m", "heedful.bench.memory", json.dumps(asdict(asked))]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds)
    except subprocess.TimeoutExpired:
        return f"memory is not known: its process took more than {seconds:.0f} s"
    if done.returncode == 0:
        return int(done.stdout.split()[-1])
    if done.returncode < 0:
        return f"memory is not known: its process was ended by signal {-done.returncode}"
    return f"memory is not known: {(done.stderr.strip().splitlines() or ['no reason given'])[-1][:200]}"


def free_memory(device: torch.device) -> int:
    """The bytes that may be taken without harm, and within a container's limit; 0 where nobody says."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        free = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration):
        return _installed()
    try:
        group = Path("/sys/fs/cgroup")
        limit, used = (int((group / name).read_text(encoding="ascii")) for name in ("memory.max", "memory.current"))
    except (OSError, ValueError):  # no container, or none with a limit: then it says "max"
        return free
    return max(0, min(free, limit - used))


def _installed() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 0


def _status(field: str) -> int:
    """A line of the kernel's account of this process, in bytes."""
    lines = _STATUS.read_text(encoding="ascii", errors="replace").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{field}:"))


def _forget_peak() -> bool:
    """Let the high-water mark begin anew at what is held now; not every sandbox allows it."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return False
    return True


def _give_back() -> None:
    """Give freed buffers back to the system, so that a warm call's do not hide the next one's."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _answer(words: str) -> int:
    """What the fresh process does."""
    from heedful.bench.kinds import KINDS
    from heedful.bench.peers import PEERS
    from heedful.bench.way import call_of

    asked = Asked(**json.loads(words))
    torch.set_num_threads(asked.threads)
    device, learns = torch.device(asked.device), asked.way == PASSES[1]

    def prepared(length: int) -> Callable[[], object]:
        case = KINDS[asked.case].make(length, device)
        way = PEERS[asked.peer].way(case)
        assert not isinstance(way, str), way
        return call_of(case, way.look, case.inputs(), learns=learns)

    call = prepared(asked.length)
    warm = call if asked.length <= _WARM else prepared(_WARM)
    return extra_memory(call, warm, device)


if __name__ == "__main__":
    print(_answer(sys.argv[1]))
