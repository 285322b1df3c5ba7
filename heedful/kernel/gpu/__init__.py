"""The fused engine of the GPU: every score of a form, over intervals of keys, in memory of O(T + S).

`engine` decides and hands over; `ops` are its torch operators; `run` prepares tensors and starts kernels; the other
files are the kernels, which Triton compiles when the first of them is called. Nothing here imports Triton before.
"""

from heedful.kernel.gpu.engine import Gpu

__all__ = ["Gpu"]
