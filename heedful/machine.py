"""What this machine can do, how its allocator is set, and how it is described beside a result.

Call `keep_large_buffers` when a training or predicting process starts. Nothing here runs at import.
"""

import ctypes
import os
import platform
import sys
from collections.abc import Iterable
from pathlib import Path

import torch

from heedful.errors import UserError, did_you_mean

# glibc's <malloc.h>
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX = -1, -2, -4
_TOP_PAD = 256 * 2**20

_PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def keep_large_buffers() -> bool:
    """Makes glibc keep large freed buffers instead of returning them to the system.

    Otherwise each new large buffer is faulted in page by page: filling a fresh 64 MB tensor takes 31 to 43 ms,
    a kept one 1.5 ms, and a training step of a small Transformer is several times slower. Memory in use stays
    at its peak. Harmless where there is no glibc; HEEDFUL_KEEP_BUFFERS=0 in the environment turns it off.

    Returns: whether the settings were made.
    """
    if os.environ.get("HEEDFUL_KEEP_BUFFERS", "1") == "0" or not _is_glibc():
        return False
    mallopt = ctypes.CDLL(None).mallopt
    mallopt.argtypes, mallopt.restype = [ctypes.c_int, ctypes.c_int], ctypes.c_int
    # No block gets a mapping of its own (it would be unmapped when freed), the heap is never trimmed, and it grows in
    # large steps. mallopt returns 1 on success.
    results = [mallopt(_M_MMAP_MAX, 0), mallopt(_M_TRIM_THRESHOLD, -1), mallopt(_M_TOP_PAD, _TOP_PAD)]
    return all(results)


def has_bfloat16(device: str | torch.device = "cpu") -> bool:
    """Whether the device multiplies bfloat16 matrices in hardware, so that they are faster than float32.

    True on CPUs with AVX512-BF16, AMX or the BF16 of ARM (as Linux reports them, unless oneDNN is limited to less) and
    on CUDA from compute capability 8.0; False where that is not known.
    """
    device = torch.device(device)
    if device.type == "cuda":
        return torch.cuda.is_available() and torch.cuda.get_device_capability(device)[0] >= 8
    has = not {"avx512_bf16", "amx_bf16", "bf16"}.isdisjoint(_cpu_flags())
    return device.type == "cpu" and has and _onednn_takes_bfloat16()


def has_avx512() -> bool:
    """Whether this processor has AVX-512, as far as torch may use it (``ATEN_CPU_CAPABILITY`` limits that)."""
    return torch.backends.cpu.get_cpu_capability().startswith("AVX512")


def cpu_features(names: Iterable[str]) -> list[str]:
    """Those of the named features that this processor has, by the names of Linux; none where that is not known."""
    flags = _cpu_flags()
    return [name for name in names if name in flags]


def choose_precision(name: str, device: str | torch.device = "cpu") -> torch.dtype:
    """The number format to compute in: "auto" is bfloat16 where the hardware has it, float32 elsewhere.

    Raises: UserError, when the name is none of auto, float32, bfloat16.
    """
    if name == "auto":
        return torch.bfloat16 if has_bfloat16(device) else torch.float32
    if name not in _PRECISIONS:
        raise UserError(f"unknown precision {name!r}", hint=did_you_mean(name, ["auto", *_PRECISIONS]))
    return _PRECISIONS[name]


def describe() -> str:
    """One line to stand beside a measured result: processor, cores, memory, GPU, system, versions."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    parts = [_cpu_name(), f"{cores} cores"]
    parts += [f"{_total_memory() / 2**30:.0f} GiB"] if _total_memory() else []
    parts += ["bfloat16" if has_bfloat16() else "no bfloat16"]
    if torch.cuda.is_available():
        parts += [f"{torch.cuda.device_count()} x {torch.cuda.get_device_name()}"]
    parts += [platform.system(), f"Python {platform.python_version()}", f"torch {torch.__version__}"]
    return ", ".join(parts)


def peak_memory(device: str | torch.device = "cpu") -> int:
    """The most memory this process (or, for a CUDA device, its tensors there) has held, in bytes.

    Returns: 0 where the system does not say.
    """
    if torch.device(device).type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    try:
        import resource
    except ImportError:  # Windows
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Linux counts in KiB, macOS in bytes.
    return peak if sys.platform == "darwin" else peak * 1024


def _is_glibc() -> bool:
    return sys.platform == "linux" and hasattr(ctypes.CDLL(None), "gnu_get_libc_version")


def _onednn_takes_bfloat16() -> bool:
    """False where ONEDNN_MAX_CPU_ISA keeps oneDNN from what the processor has, as `.ci/as-avx2` does."""
    return torch.backends.mkldnn.is_available() and torch.ops.mkldnn._is_mkldnn_bf16_supported()


def _cpu_info() -> str:
    try:
        return Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _cpu_field(*names: str) -> str:
    for line in _cpu_info().splitlines():
        key, _, value = line.partition(":")
        if key.strip() in names:
            return value.strip()
    return ""


def _cpu_flags() -> set[str]:
    return set(_cpu_field("flags", "Features").split())  # x86 and ARM


def _cpu_name() -> str:
    return _cpu_field("model name") or platform.processor() or platform.machine()


def _total_memory() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 0
