"""What the machine can do, and what its allocator is told."""

import os
import subprocess
import sys

import pytest
import torch

from heedful import machine
from heedful.errors import UserError

INTEL = "processor\t: 0\nmodel name\t: Some CPU\nflags\t\t: fpu avx2 avx512_bf16 amx_tile\n"
OLD = "processor\t: 0\nmodel name\t: Old CPU\nflags\t\t: fpu avx2\n"
ARM = "processor\t: 0\nFeatures\t: fp asimd bf16 i8mm\n"


@pytest.fixture(autouse=True)
def unlimited(monkeypatch):
    """Nothing limits oneDNN, as `.ci/as-avx2` does where these tests run under it."""
    monkeypatch.setattr(machine, "_onednn_takes_bfloat16", lambda: True)


@pytest.mark.parametrize(("info", "has"), [(INTEL, True), (ARM, True), (OLD, False), ("", False)])
def test_bfloat16_is_chosen_where_the_processor_says_that_it_has_it(monkeypatch, info, has):
    monkeypatch.setattr(machine, "_cpu_info", lambda: info)
    assert machine.has_bfloat16() is has
    assert machine.choose_precision("auto") == (torch.bfloat16 if has else torch.float32)


def test_bfloat16_is_not_chosen_where_onednn_is_kept_from_it(monkeypatch):
    monkeypatch.setattr(machine, "_cpu_info", lambda: INTEL)
    monkeypatch.setattr(machine, "_onednn_takes_bfloat16", lambda: False)
    assert machine.has_bfloat16() is False


@pytest.mark.parametrize(("capability", "has"), [((7, 5), False), ((8, 0), True), ((9, 0), True)])
def test_bfloat16_on_a_gpu_follows_its_compute_capability(monkeypatch, capability, has):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    assert machine.has_bfloat16("cuda") is has


def test_a_named_precision_is_obeyed_whatever_the_machine(monkeypatch):
    monkeypatch.setattr(machine, "_cpu_info", lambda: OLD)
    assert machine.choose_precision("bfloat16") == torch.bfloat16
    monkeypatch.setattr(machine, "_cpu_info", lambda: INTEL)
    assert machine.choose_precision("float32") == torch.float32


def test_an_unknown_precision_is_refused_with_a_guess():
    with pytest.raises(UserError, match="did you mean 'bfloat16'"):
        machine.choose_precision("bfloat")


def test_a_device_without_known_bfloat16_gets_float32():
    assert machine.choose_precision("auto", "meta") == torch.float32


def test_the_line_beside_a_result_names_processor_cores_and_torch(monkeypatch):
    monkeypatch.setattr(machine, "_cpu_info", lambda: INTEL)
    line = machine.describe()
    assert line.startswith("Some CPU, ")
    assert all(word in line for word in (" cores", ", bfloat16,", f"torch {torch.__version__}"))
    assert "\n" not in line


def test_peak_memory_grows_with_what_is_held():
    before = machine.peak_memory()
    held = torch.ones(before // 4 + 2**20)  # 4 bytes each: more than all that was ever held
    assert machine.peak_memory() > before >= 0 or sys.platform == "win32"
    del held


PROBE = """
import resource
from heedful.machine import keep_large_buffers
import torch
told = keep_large_buffers()
def fill(times):
    for _ in range(times):
        buffer = torch.ones(2**24)
        del buffer
fill(20)  # until glibc has all the room that it wants
faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
fill(5)
print(told, resource.getrusage(resource.RUSAGE_SELF).ru_minflt - faults)
"""


@pytest.mark.skipif(not machine._is_glibc(), reason="only glibc has this switch")
@pytest.mark.parametrize(("switch", "told"), [("1", True), ("0", False)])
def test_a_kept_buffer_is_not_faulted_in_again(switch, told):
    run = subprocess.run(
        [sys.executable, "-c", PROBE],
        env={**os.environ, "HEEDFUL_KEEP_BUFFERS": switch, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    said, faults = run.stdout.split()
    assert said == str(told)
    assert (int(faults) < 1000) is told  # 64 MB are 16,384 pages of 4 KB, five times


def test_without_glibc_nothing_is_told(monkeypatch):
    monkeypatch.setattr(machine, "_is_glibc", lambda: False)
    assert machine.keep_large_buffers() is False


def test_the_features_asked_for_are_told_in_their_order(monkeypatch):
    monkeypatch.setattr(machine, "_cpu_info", lambda: INTEL)
    assert machine.cpu_features(["amx_tile", "sve", "avx2"]) == ["amx_tile", "avx2"]
    monkeypatch.setattr(machine, "_cpu_info", lambda: "")
    assert machine.cpu_features(["avx2"]) == []


@pytest.mark.parametrize(
    ("capability", "has"), [("AVX512", True), ("AVX2", False), ("DEFAULT", False), ("SVE256", False)]
)
def test_avx512_is_what_torch_may_use(monkeypatch, capability, has):
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    assert machine.has_avx512() is has
