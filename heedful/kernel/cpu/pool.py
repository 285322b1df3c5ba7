"""Threads that share out the work of one call.

numba's own parallel layers each have a trap: one aborts a process that forks after use, one aborts when two Python
threads call at once, one needs another package. Here loops are serial, let go of the interpreter's lock, and are called
from several threads.

Those are the threads that torch itself keeps (OpenMP's), where the process has them: after each of torch's operations
they spin for a while, and threads of our own beside them would get half a core (1.7 times slower). Elsewhere, and in a
forked child, where OpenMP's threads are gone and asking for them hangs, it is a pool of plain threads.
"""

import ctypes
import functools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Any

import torch

_lock = Lock()
_is_child = False


def share_out(work: Callable[[int, int], object], pieces: int, worth: int) -> None:
    """Calls ``work(first, last)`` for ranges that make up 0 to `pieces`, in as many threads as torch has.

    `worth` is the least number of pieces a thread is worth waking for. Ranges are taken as threads come free, so a
    piece's result must not depend on its range. The calling thread works too; an error of any range is raised here.
    """
    threads = min(torch.get_num_threads(), max(1, pieces // max(1, worth)))
    if threads <= 1:
        work(0, pieces)
        return
    ranges = min(pieces, 4 * threads)
    bounds = iter([(i * pieces // ranges, (i + 1) * pieces // ranges) for i in range(ranges)])
    taking = Lock()

    def take() -> None:
        while True:
            with taking:
                part = next(bounds, None)
            if part is None:
                return
            work(*part)

    _together(take, threads)


def _together(task: Callable[[], None], threads: int) -> None:
    """Calls `task` once in each of so many threads, this one among them, and waits for all."""
    parallel = None if _is_child else _openmp()
    if parallel is None:
        others = [_threads().submit(task) for _ in range(threads - 1)]
        task()
        for other in others:
            other.result()
        return
    faults: list[BaseException] = []

    def careful(_: object) -> None:
        try:
            task()
        except BaseException as fault:  # it may not cross OpenMP's frames; raised again below
            faults.append(fault)

    parallel(_Region(careful), None, threads, 0)
    if faults:
        raise faults[0]


_Region = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


@functools.cache
def _openmp() -> Callable[..., Any] | None:
    """What starts a parallel region in the OpenMP that torch has loaded: GNU's, and by its name others' too."""
    try:
        parallel = ctypes.CDLL(None).GOMP_parallel
    except (OSError, TypeError, AttributeError):
        return None
    parallel.argtypes, parallel.restype = [_Region, ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint], None
    return parallel


def _threads() -> ThreadPoolExecutor:
    """The pool, made when it is first needed; a forked child makes its own."""
    with _lock:
        return _new_pool()


@functools.cache
def _new_pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=max(1, os.cpu_count() or 1), thread_name_prefix="heedful")


def _forget() -> None:
    """In a forked child: the parent's threads are not there, and its lock may be held by one of them."""
    global _lock, _is_child
    _lock, _is_child = Lock(), True
    _new_pool.cache_clear()


os.register_at_fork(after_in_child=_forget)
