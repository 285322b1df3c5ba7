"""The fused engine of the CPU: every score of a form, over intervals of keys, in memory of O(T + S).

`engine` decides and hands over; `ops` are its torch operators; the other files are the loops, which numba compiles when
the first of them is called. Nothing here imports numba before.
"""

from heedful.kernel.cpu.engine import Cpu

__all__ = ["Cpu"]
