"""The fused CPU engine in processes of all kinds: forked, threaded, without a place to write, without numba."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import heedful

LOOK = """
import torch
from heedful import Additive, StatsRequest, attend, select, survey
torch.manual_seed(1)
score, query, memory = Additive(32, 32, 32), torch.randn(4, 200, 32), torch.randn(4, 300, 32)
def look(engine="cpu"):
    with torch.no_grad():
        return attend(query, memory, score=score, engine=engine)
"""

BITS = """
import hashlib
digest = hashlib.sha256()
for queries, keys, hidden, width in ((64, 130, 21, 5), (40, 64, 32, 3), (5, 130, 21, 1), (17, 513, 21, 2)):
    torch.manual_seed(queries)
    tensors = [torch.randn(3, queries, 5), torch.randn(3, keys, 6), torch.randn(3, keys, width)]
    tensors = [tensor.requires_grad_() for tensor in tensors]
    context = attend(*tensors, score=Additive(5, 6, hidden), engine="cpu")
    for tensor in (context.detach(), *torch.autograd.grad(context.square().sum(), tensors)):
        digest.update(tensor.numpy().tobytes())
print(digest.hexdigest())
"""
"""The bits of contexts and gradients of several sizes."""


def run(code: str, folder: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs code after `LOOK` in a process of its own, with the package that lies in a folder."""
    return subprocess.run(
        [sys.executable, "-c", LOOK + code],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "2", **environment},
    )


def test_a_child_forked_after_use_looks_as_its_parent_does():
    """Forked children of a process that has used OpenMP hang when they use it, in torch's operations and anywhere.

    So the child first looks without any such operation, in as many threads; then, as torch advises, in one.
    """
    code = """
import os, warnings
def both():
    torch.set_num_threads(2)
    plain = attend(query, query, engine="cpu")
    if os.getpid() != parent:
        torch.set_num_threads(1)
    return plain, look()
parent = os.getpid()
expected = both()
warnings.simplefilter("ignore")
child = os.fork()
if child == 0:
    same = all(torch.allclose(one, other, atol=1e-6) for one, other in zip(both(), expected))
    os._exit(0 if same else 1)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), torch.equal(look(), expected[1]))
"""
    done = run(code)
    assert done.stdout == "0 True\n", done.stderr


def test_workers_of_a_data_loader_look_as_their_parent_does():
    code = """
class Looks(torch.utils.data.Dataset):
    def __len__(self):
        return 4
    def __getitem__(self, i):
        return look()[i]
expected = look()
found = torch.cat([*torch.utils.data.DataLoader(Looks(), batch_size=2, num_workers=2)])
print(torch.allclose(found, expected, atol=1e-6))
"""
    done = run(code)
    assert done.stdout == "True\n", done.stderr


def test_many_threads_may_look_and_learn_at_once():
    code = """
from concurrent.futures import ThreadPoolExecutor
expected = look()
def learn(_):
    own = memory.clone().requires_grad_()
    context = attend(query, own, score=score, engine="cpu")
    return context.detach(), torch.autograd.grad(context.square().sum(), own)[0]
slopes = learn(0)[1]
with ThreadPoolExecutor(8) as pool:
    found = [*pool.map(learn, range(40))]
print(all(torch.equal(c, expected) and torch.equal(g, slopes) for c, g in found))
"""
    done = run(code)
    assert done.stdout == "True\n", done.stderr


def copy_of_the_package(folder: Path) -> Path:
    return Path(
        shutil.copytree(
            Path(heedful.__file__).parent, folder / "heedful", ignore=shutil.ignore_patterns("__pycache__", "*.nb?")
        )
    )


def test_where_no_folder_can_be_written_to_it_looks_all_the_same(tmp_path):
    """A file stands where each cache would be: even the root user cannot make a folder there."""
    package = copy_of_the_package(tmp_path)
    (package / "kernel" / "cpu" / "__pycache__").write_text("")
    (tmp_path / "home").write_text("")
    home = str(tmp_path / "home")
    done = run(
        "print(torch.allclose(look(), look('plain'), atol=1e-5))",
        tmp_path,
        HOME=home,
        XDG_CACHE_HOME=home,
        PYTHONDONTWRITEBYTECODE="1",
    )
    assert done.stdout == "True\n", done.stderr


def test_machine_code_is_kept_and_used_until_any_source_changes(tmp_path):
    package = copy_of_the_package(tmp_path)
    code = """
from heedful.kernel.cpu.forward import forward
look()
print(sum(forward.stats.cache_hits.values()), sum(forward.stats.cache_misses.values()))
"""
    compiled, kept = run(code + BITS, tmp_path), run(code + BITS, tmp_path)
    assert compiled.stdout.startswith("0 1\n"), compiled.stderr
    # Code from the cache has to be the very same: else a process would give other bits at its second start.
    assert kept.stdout == compiled.stdout.replace("0 1\n", "1 0\n"), kept.stderr
    with (package / "kernel" / "cpu" / "additive.py").open("a") as file:
        file.write("# changed\n")
    assert run(code, tmp_path).stdout == "0 1\n"


def test_without_numba_plain_torch_answers_and_says_so_once():
    code = """
import sys, warnings
sys.modules["numba"] = None
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    same = torch.allclose(look("auto"), look("plain")), torch.allclose(look("auto"), look("plain"))
print(same, [str(one.message).partition(":")[0] for one in said])
try:
    look("cpu")
except ValueError as refusal:
    print(refusal)
"""
    done = run(code)
    assert "(True, True) ['attention runs on plain torch, several times slower']" in done.stdout, done.stderr
    assert "engine 'cpu' cannot do this: numba does not load here" in done.stdout


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of memory is read as Linux tells it")
def test_memory_grows_with_length_and_not_with_its_square():
    """Weights of 8,192 by 8,192 would take 256 MiB; their tanh 64 times that."""
    code = """
import re
def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
def use(query):
    attend(query, query, score=score, engine="cpu").sum().backward()
    with torch.no_grad():
        survey(query, query, score=score, request=StatsRequest((64, 64), context=False))
    selection = select(query, query, score=score)
    (selection.log_probability.sum() + selection.entropy.sum()).backward()
query = torch.randn(1, 8192, 32, requires_grad=True)
use(query[:, :64])
# The compiler may have taken more than the loops will: the peak begins anew.
open("/proc/self/clear_refs", "w").write("5")
before = peak()
use(query)
print((peak() - before) / 1024)
"""
    done = run(code)
    assert float(done.stdout) < 64, done.stderr
