"""The GPU engine without a GPU: what it refuses, and its kernels, run by Triton's interpreter and compiled.

The interpreter is chosen when Triton is imported, which other tests may have done; so it has a process of its own,
which runs the tests of the files in `interpreted`.
"""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from heedful import Additive, attend
from heedful.choice import Hard, Soft
from heedful.kernel import Bounds, EngineError, Gaussian, Inner, Problem, Tanh
from heedful.kernel.gpu import Gpu

SOFT = Soft()
HERE = Path(__file__).parent
needs_triton = pytest.mark.skipif(
    importlib.util.find_spec("triton") is None, reason="Triton is not installed: it comes with CUDA builds of torch"
)


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTEST_ADDOPTS": "", **environment},
    )


@needs_triton
@pytest.mark.parametrize("name", ["laws", "numbers", "picks", "torch_around"])
def test_in_the_interpreter(name):
    file = str(HERE / "interpreted" / f"{name}.py")
    # `torch_around` checks shapes for all four: the checks are half of the time of the others.
    unchecked = {} if name == "torch_around" else {"JAXTYPING_DISABLE": "1"}
    done = run("-m", "pytest", "-q", "-p", "no:xdist", file, TRITON_INTERPRET="1", **unchecked)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


@needs_triton
@pytest.mark.parametrize(
    ("which", "kernels"),
    [
        ("some", ["forward", "by_queries", "by_keys"] * 2),
        pytest.param("all", ["forward", "by_queries", "by_keys"] * 7 + ["forward"], marks=pytest.mark.slow),
    ],
)
def test_the_kernels_compile_for_a_gpu(tmp_path, which, kernels):
    """The interpreter takes what the compiler does not; it needs no GPU, and is told of one."""
    done = run(str(HERE / "compile_kernels.py"), which, TRITON_INTERPRET="0", TRITON_CACHE_DIR=str(tmp_path))
    assert done.returncode == 0, done.stderr[-4000:]
    assert done.stdout.split() == kernels


@pytest.mark.skipif(bool(os.environ.get("TRITON_INTERPRET")), reason="the interpreter takes tensors on a CPU")
def test_tensors_on_a_cpu_are_refused():
    with pytest.raises(EngineError, match="engine 'gpu' cannot do this: it runs on a GPU, and the query is on cpu"):
        attend(torch.ones(2, 3, 4), torch.ones(2, 5, 4), score=Additive(4, 4, 4), engine="gpu")


def test_where_triton_is_missing_it_says_so():
    code = """
import sys
sys.modules["triton"] = None
import torch
from heedful import attend
try:
    attend(torch.ones(2, 3), torch.ones(2, 3), engine="gpu")
except ValueError as refusal:
    print(refusal)
"""
    done = run("-c", code, TRITON_INTERPRET="1")
    assert done.stdout.startswith("engine 'gpu' cannot do this: Triton does not load here"), done.stderr


def test_it_suits_what_torchs_own_attention_does_not_do():
    class OnGpu:
        """Stands for features there, of which only the device is asked."""

        device = torch.device("cuda")

    def suits(form, x: object = OnGpu, weighing=SOFT, **bounds) -> bool:
        problem = Problem(form, torch.ones(2, 5, 3), torch.ones(2, 5, 3), Bounds(5, 5, **bounds), weighing)
        object.__setattr__(problem, "x", x)
        return Gpu().suits(problem)

    tanh, gate = Tanh(torch.ones(3)), (Gaussian(torch.ones(2, 5), 1.0),)
    assert [suits(tanh), suits(Inner(), left=1), suits(Inner(), gates=gate)] == [True] * 3
    assert suits(Inner(), weighing=Hard())
    assert [suits(Inner()), suits(Inner(), right=0), suits(tanh, torch.ones(2, 5, 3))] == [False] * 3
