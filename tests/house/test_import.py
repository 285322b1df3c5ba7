"""Importing is cheap: nothing heavy comes with the package or with its help text, and nothing happens."""

import importlib.util
import resource
import subprocess
import sys

import pytest

HEAVY = {
    "torch",
    "numpy",
    "lightning",
    "pytorch_lightning",
    "numba",
    "matplotlib",
    "fastapi",
    "uvicorn",
    "sentencepiece",
}
HEAVY_BESIDE_TORCH = HEAVY - {"torch", "numpy"}


def run(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)


def loaded_after(code: str) -> set[str]:
    done = run(f"import sys\n{code}\nprint(*sys.modules)")
    assert done.returncode == 0, done.stderr
    return {name.partition(".")[0] for name in done.stdout.split()}


def test_the_package_alone_loads_nothing_heavy():
    assert loaded_after("import heedful") & HEAVY == set()


def test_the_core_loads_torch_but_no_training_pictures_or_web_code():
    loaded = loaded_after("from heedful import Additive, Causal, Hard, MultiHead, attend, record")
    assert loaded & HEAVY_BESIDE_TORCH == set()
    assert "torch" in loaded  # else this test would see nothing


def test_attending_loads_no_symbolic_algebra():
    """Parts of torch bring sympy along, which takes longer to import than a translation takes."""
    code = "import heedful, torch\nx = torch.ones(2, 3, 5)\nheedful.attend(x, x, score=heedful.Additive(5, 5, 7))"
    assert "sympy" not in loaded_after(f"{code}\nheedful.attend(x, x, keep=torch.ones(2, 3).bool())")


@pytest.mark.skipif(importlib.util.find_spec("heedful.cli") is None, reason="the command line is not built yet")
def test_the_help_text_loads_nothing_heavy_and_comes_at_once():
    code = (
        "import sys\nfrom heedful.cli import main\ntry:\n    main()\nfinally:\n    print(*sys.modules, file=sys.stderr)"
    )
    seconds: list[float] = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = run(code, "--help")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        assert "train" in done.stdout, done.stderr
        assert done.returncode == 0
        assert {name.partition(".")[0] for name in done.stderr.split()} & HEAVY == set()
    assert min(seconds) < 0.5  # of CPU time, so that a busy machine does not count


def test_the_package_opens_no_file_and_reads_no_environment_at_import():
    code = """
import importlib, os, sys, typing
seen = []
import heedful.errors
sys.addaudithook(lambda event, args: seen.append((event, args)) if event == "open" else None)
importlib.reload(heedful.errors), importlib.reload(heedful)
print([args[0] for event, args in seen if not str(args[0]).endswith((".py", ".pyc"))])
"""
    done = run(code)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr
