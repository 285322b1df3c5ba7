"""The toy of `toy.py` for every test of training, and children that run it as a program."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

TOY = Path(__file__).with_name("toy.py")


@pytest.fixture(scope="session")
def toy():
    """The module `toy.py`: tests are no package that it could be imported from."""
    pytest.importorskip("lightning")
    spec = importlib.util.spec_from_file_location("toy", TOY)
    module = importlib.util.module_from_spec(spec)
    sys.modules["toy"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def run_toy():
    """Runs `toy.py` with arguments; `prefix` comes between Python and the program."""

    def run(*arguments: object, prefix: tuple[str, ...] = ("-W", "error")) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, *prefix, str(TOY), *map(str, arguments)]
        root = str(TOY.parents[2])
        environment = {**os.environ, "PYTHONPATH": root, "OMP_NUM_THREADS": "1"}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    return run
