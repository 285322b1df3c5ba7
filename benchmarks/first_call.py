"""How long the first call of a fused engine takes, where nothing is compiled yet and where machine code is kept.

    python benchmarks/first_call.py

Each time is of a fresh process with a copy of the package, and without the import of torch and of the package.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import heedful
from heedful.machine import describe

CALLS = """
import time, torch
from heedful import Additive, attend
score, memory = Additive(32, 32, 32), torch.randn(2, 300, 32, requires_grad=True)
start = time.perf_counter()
context = attend(memory, memory, score=score, engine="cpu")
between = time.perf_counter()
context.sum().backward()
print(f"{between - start:.2f} | {time.perf_counter() - between:.2f} |")
"""


def main() -> None:
    """Prints the seconds of a forward and a backward pass, twice: before and after machine code was kept."""
    print(f"{describe()}; seconds.\n\n| additive | forward | backward |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(Path(heedful.__file__).parent, Path(folder) / "heedful", ignore=ignored)
        for label in ("nothing compiled", "machine code kept"):
            command = [sys.executable, "-c", CALLS]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
            print(f"| {label} | {done.stdout.strip()}", flush=True)


if __name__ == "__main__":
    main()
