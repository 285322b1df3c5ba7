"""Threads that share the work of one call.

numba's own parallel layers each have a trap: `omp` aborts a process that forks after use (data loaders, launchers),
`workqueue` aborts when two Python threads call at once (a server), `tbb` needs another package. Here loops are serial,
release the interpreter's lock, and are called from several threads.

These are the threads that torch itself keeps (OpenMP's), where the process has them: after each of torch's operations
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


def parallel_for(work: Callable[[int, int], object], pieces: int, grain: int) -> None:
    """Calls ``work(first, last)`` for ranges that make up 0 to `pieces`, on as many threads as torch uses.

    `grain` is the least number of pieces that a thread is worth waking for. The calling thread works too; an error in
    any range is raised here. Ranges are taken as threads come free, so a piece's result must not depend on its range.
    """
    threads = min(torch.get_num_threads(), max(1, pieces // max(1, grain)))
    if threads <= 1:
        work(0, pieces)
        return
    # Four ranges a thread: where pieces differ in work (a causal region), threads that finish early take another.
    ranges = min(pieces, 4 * threads)
    bounds = iter([(i * pieces // ranges, (i + 1) * pieces // ranges) for i in range(ranges)])
    taking = Lock()  # an iterator may not be advanced from two threads at once

    def take_ranges() -> None:
        while True:
            with taking:
                part = next(bounds, None)
            if part is None:
                return
            work(*part)

    _run_in_threads(take_ranges, threads)


def _run_in_threads(task: Callable[[], None], threads: int) -> None:
    """Calls `task` once in each of so many threads, this one among them, and waits for all."""
    parallel = None if _is_child else _openmp()
    if parallel is None:
        futures = [_pool().submit(task) for _ in range(threads - 1)]
        task()
        for future in futures:
            future.result()
        return
    faults: list[BaseException] = []

    def catching(_: object) -> None:
        try:
            task()
        except BaseException as fault:  # an exception may not cross OpenMP's C frames; it is raised again below
            faults.append(fault)

    # The region calls the function in every thread of the team, this one among them, and returns when all are done.
    parallel(_Region(catching), None, threads, 0)
    if faults:
        raise faults[0]


_Region = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


@functools.cache
def _openmp() -> Callable[..., Any] | None:
    """What starts a parallel region in the OpenMP that torch has loaded; None where there is none."""
    # GNU's entry point. LLVM's and Intel's runtimes export it as well, so one name finds whichever torch was built
    # with.
    try:
        parallel = ctypes.CDLL(None).GOMP_parallel
    except (OSError, TypeError, AttributeError):
        return None
    parallel.argtypes, parallel.restype = [_Region, ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint], None
    return parallel


def _pool() -> ThreadPoolExecutor:
    """The pool of plain threads, made when it is first needed; a forked child makes its own."""
    with _lock:
        return _new_pool()


@functools.cache
def _new_pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=max(1, os.cpu_count() or 1), thread_name_prefix="heedful")


def _reset_after_fork() -> None:
    """In a forked child: the parent's threads do not exist, and its lock may be held by one of them."""
    global _lock, _is_child
    _lock, _is_child = Lock(), True
    _new_pool.cache_clear()


os.register_at_fork(after_in_child=_reset_after_fork)
