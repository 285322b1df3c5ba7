"""How much memory one call takes at its peak, in a fresh process; and how much there is.

On Linux it is the kernel's high-water mark (VmHWM), on a GPU that of torch's allocator; elsewhere it is unknown.
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
class MemoryRequest:
    """Whose memory is measured: names from the tables of cases and peers, and the settings of the run."""

    case: str
    length: int
    peer: str
    way: str
    threads: int
    device: str


def extra_memory(call: Callable[[], object], warm: Callable[[], object], device: torch.device) -> int:
    """The bytes that a call holds at its peak on top of what was there, after a call that warms up.

    It must run in a fresh process whose allocator returns freed buffers to the system.
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
    _trim_heap()
    before = _status("VmRSS") if _reset_peak() else _status("VmHWM")
    call()
    return max(0, _status("VmHWM") - before)


def measure(request: MemoryRequest, *, seconds: float) -> int | str:
    """The same in a fresh process.

    Returns: bytes, or in words why there are none.
    """
    if request.device == "cpu" and not _STATUS.exists():
        return f"memory is not measured on {sys.platform}"
    command = [sys.executable, "-W", "ignore", "-m", "heedful.bench.memory", json.dumps(asdict(request))]
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
    """The bytes that are available, also within a container's limit; 0 if that is unknown."""
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
    except (OSError, ValueError):  # no container, or one without a limit, whose file contains "max"
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


def _reset_peak() -> bool:
    """Resets the high-water mark to what is held now; not every sandbox allows it."""
    # Writing 5 to clear_refs resets VmHWM (Linux, proc(5)).
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return False
    return True


def _trim_heap() -> None:
    """Returns freed buffers to the system: those of the warm-up call would hide the memory of the measured one."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _measure_here(request_json: str) -> int:
    """The main function of the fresh process: measures one request, passed as JSON."""
    from heedful.bench.cases import CASES
    from heedful.bench.implementation import call_of
    from heedful.bench.peers import PEERS

    request = MemoryRequest(**json.loads(request_json))
    torch.set_num_threads(request.threads)
    device, learns = torch.device(request.device), request.way == PASSES[1]

    def prepared(length: int) -> Callable[[], object]:
        case = CASES[request.case].make(length, device)
        implementation = PEERS[request.peer].implement(case)
        assert not isinstance(implementation, str), implementation
        return call_of(case, implementation.attend, case.inputs(), backward=learns)

    call = prepared(request.length)
    warm = call if request.length <= _WARM else prepared(_WARM)
    return extra_memory(call, warm, device)


if __name__ == "__main__":
    print(_measure_here(sys.argv[1]))
