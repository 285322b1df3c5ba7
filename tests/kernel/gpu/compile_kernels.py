"""Compiles the GPU engine's kernels for an H100, whatever this machine has; prints the name of each when it is done.

Every form, precision and note is compiled at least once with `all`; without it, every kernel twice.
"""

import sys

import torch
import triton
from triton.backends.compiler import GPUTarget

from heedful.kernel.gpu import launch
from heedful.kernel.inputs import KernelInputs
from heedful.kernel.operators import lse_entropy_grads
from heedful.kernel.stats import KernelStatsRequest


class Driver:
    """What Triton asks a driver of a GPU for, to compile."""

    def get_current_target(self) -> GPUTarget:
        return GPUTarget("cuda", 90, 32)

    def get_current_device(self) -> int:
        return 0

    def get_current_stream(self, device: int) -> int:
        return 0


class Compiling:
    """In a kernel's place: compiles it and does not start it."""

    def __init__(self, kernel) -> None:
        self.kernel = kernel

    def __getitem__(self, grid):
        def compile_it(*arguments, **options) -> None:
            self.kernel.warmup(*arguments, grid=grid, **options)
            print(self.kernel.__name__)

        return compile_it


def make_inputs(
    form: str, queries: int, keys: int, dtype: torch.dtype, *, gated: bool, depth: int = 40
) -> KernelInputs:
    return KernelInputs(
        x=torch.zeros(2, queries, 24, dtype=dtype),
        y=torch.zeros(2, keys, 24, dtype=dtype),
        value=torch.zeros(2, keys, depth, dtype=dtype),
        weight=torch.zeros(24) if form == "tanh" else None,
        start=torch.zeros(2, queries, dtype=torch.int32),
        stop=torch.zeros(2, queries, dtype=torch.int32),
        keep=torch.ones(1, 1, keys, dtype=torch.bool) if gated else None,
        keep_index=torch.zeros(2, dtype=torch.long),
        group=torch.arange(2),
        centre=torch.zeros(2, queries) if gated else None,
        deviation=1.5,
    )


def learn(*words, **others) -> None:
    """A softmax, forward and backward."""
    problem = make_inputs(*words, **others)
    saved = launch.attend(problem)
    launch.attend_backward(torch.zeros_like(saved.output), saved, problem, lse_entropy_grads=None)


def select(request: KernelStatsRequest, *words, **others) -> None:
    """Keys and their statistics, forward and backward."""
    problem = make_inputs(*words, **others, depth=0)
    saved, stats = launch.survey(problem, request)
    grads = lse_entropy_grads(saved.row_scale, stats.entropy, grad_lse=stats.lse, grad_entropy=stats.entropy)
    launch.attend_backward(torch.zeros_like(saved.output), saved, problem, lse_entropy_grads=grads)


triton.runtime.driver.set_active(Driver())
for name in ("forward", "by_queries", "by_keys"):
    setattr(launch, name, Compiling(getattr(launch, name)))
learn("tanh", 1, 1, torch.bfloat16, gated=True)
select(KernelStatsRequest(best=5), "inner", 1, 30, torch.float32, gated=False)
if "all" not in sys.argv:
    sys.exit()
learn("tanh", 30, 30, torch.float32, gated=False)
learn("inner", 30, 30, torch.float16, gated=True)
learn("inner", 1, 30, torch.float32, gated=False)
select(KernelStatsRequest(best=1), "tanh", 30, 30, torch.float32, gated=False)
select(KernelStatsRequest(seed=5), "inner", 30, 300, torch.bfloat16, gated=True)
launch.survey(
    make_inputs("tanh", 30, 300, torch.float32, gated=True), KernelStatsRequest(best=32, rows=4, columns=4, gated=True)
)
