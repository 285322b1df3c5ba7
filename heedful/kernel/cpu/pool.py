"""Threads that share out the work of one call.

numba's own parallel layers each have a trap: one aborts a process that forks after use, one aborts when two Python
threads call at once, one needs another package. Serial loops that let go of the interpreter's lock, called from a few
plain threads, have none of these.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

import torch

_lock = Lock()
_pool: ThreadPoolExecutor | None = None


def share_out(work: Callable[[int, int], object], pieces: int, worth: int) -> None:
    """Calls ``work(first, last)`` for ranges that make up 0 to `pieces`, side by side in as many threads as torch has.

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

    others = [_threads().submit(take) for _ in range(threads - 1)]
    take()
    for other in others:
        other.result()


def _threads() -> ThreadPoolExecutor:
    """The pool, made when it is first needed; a forked child makes its own."""
    global _pool
    with _lock:
        if _pool is None:
            _pool = ThreadPoolExecutor(max_workers=max(1, os.cpu_count() or 1), thread_name_prefix="heedful")
        return _pool


def _forget() -> None:
    """In a forked child: the parent's threads are not there, and its lock may be held by one of them."""
    global _pool, _lock
    _pool, _lock = None, Lock()


os.register_at_fork(after_in_child=_forget)
