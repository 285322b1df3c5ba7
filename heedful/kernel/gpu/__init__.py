"""The fused engine of the GPU: every score of a form, over intervals of keys, in memory of O(T + S).

`engine` decides which problems it takes; `launch` prepares tensors and starts kernels; the other files are the kernels,
which Triton compiles when the first of them is called. Importing this package does not import Triton.
"""

from heedful.kernel.gpu.engine import Gpu

__all__ = ["Gpu"]
