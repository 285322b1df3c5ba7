"""The fused engine of the CPU: every score of a form, over intervals of keys, in memory of O(T + S).

`engine` decides which problems it takes; `launch` prepares arrays and shares out the work; the other files are the
loops, which numba compiles when the first of them is called. Importing this package does not import numba.
"""

from heedful.kernel.cpu.engine import Cpu

__all__ = ["Cpu"]
