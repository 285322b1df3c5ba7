"""What may not stand in the source: code that runs on loading, heavy imports, paths and hosts of a machine."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

import heedful

ROOT = Path(heedful.__file__).parent
PROJECT = ROOT.parent
MODULES = sorted(ROOT.rglob("*.py"))

# Documents and papers may be pointed at; registries, mirrors and hosts of one machine may not.
KNOWN_HOSTS = {
    "aclanthology.org",
    "arxiv.org",
    "doi.org",
    "github.com",
    "keepachangelog.com",
    "openreview.net",
    "proceedings.mlr.press",
    "proceedings.neurips.cc",
    "semver.org",
    "www.apache.org",
    "www.w3.org",  # the name of SVG's vocabulary, not a place
    "localhost",
    "127.0.0.1",
}
MACHINE_PATH = re.compile(r"(?<![\w.~/-])/(?:root|home|work|Users|opt|mnt|workspace)/[\w.-]+")
HOST = re.compile(r"\b[a-z]{2,6}://([^\s/:\"'<>)}\]`]+)")


def calls_in(source: str) -> list[str]:
    """Calls by which loading a file could run code from it, with their lines."""
    found: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [name.name for name in node.names]
            found += [
                f"{node.lineno}: import {name}" for name in names if name in {"pickle", "dill", "marshal", "shelve"}
            ]
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        keywords = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
        if called in {"eval", "exec", "yaml.load", "yaml.unsafe_load", "os.system"} or (
            (called == "torch.load" and keywords.get("weights_only") != "True")
            or (called in {"np.load", "numpy.load"} and keywords.get("allow_pickle", "False") != "False")
            or keywords.get("shell") == "True"
        ):
            found.append(f"{node.lineno}: {called}(...)")
    return found


def top_level_imports(source: str) -> set[str]:
    """The packages that importing this module imports at once."""
    names: set[str] = set()
    for node in ast.parse(source).body:
        if isinstance(node, ast.Import):
            names |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").partition(".")[0])
    return names


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_can_run_what_a_file_holds(path):
    assert calls_in(path.read_text(encoding="utf-8")) == []


def test_torch_s_recurrent_layers_are_made_in_one_place():
    """`Recurrent` knows where they fail in half precision; whoever makes them beside it would meet the raw error."""
    made = [path for path in MODULES if re.search(r"\bnn\.(LSTM|GRU)\b", path.read_text(encoding="utf-8"))]
    assert [str(path.relative_to(ROOT)) for path in made] == ["layer/recurrent.py"]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_extras_are_imported_only_where_they_are_used(path):
    imports = top_level_imports(path.read_text(encoding="utf-8"))
    extras = {"matplotlib", "PIL", "soundfile", "jiwer", "fastapi", "uvicorn", "onnx", "onnxruntime", "sacrebleu"}
    if path.is_relative_to(ROOT / "serve"):
        extras -= {"fastapi", "uvicorn"}
    if path.is_relative_to(ROOT / "train"):
        extras -= {"sacrebleu"}
    assert imports & extras == set()


@pytest.mark.parametrize(
    "source",
    [
        "import pickle\n",
        "from pickle import load\n",
        "import torch\ntorch.load('x')\n",
        "torch.load('x', weights_only=False)\n",
        "import yaml\nyaml.load('x', Loader=yaml.Loader)\n",
        "eval('1')\n",
        "subprocess.run('x', shell=True)\n",
        "np.load('x', allow_pickle=True)\n",
    ],
)
def test_code_that_could_run_what_a_file_holds_is_seen(source):
    assert len(calls_in(source)) == 1


def test_code_that_is_safe_is_not_seen():
    assert calls_in("torch.load('x', weights_only=True)\nyaml.safe_load('x')\nmodel.eval()\nnp.load('x')\n") == []


def committed_files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=PROJECT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not run from a git checkout")
    return [PROJECT / name for name in listed.stdout.split("\0") if name]


def strange_places(text: str) -> list[str]:
    """Paths of one machine and hosts that are no public document."""
    hosts = {host.lower() for host in HOST.findall(text)}
    foreign = {host for host in hosts if host not in KNOWN_HOSTS and not host.endswith((".example", "example.com"))}
    return sorted({*MACHINE_PATH.findall(text), *foreign})


def test_committed_files_know_no_machine():
    found: dict[str, list[str]] = {}
    for path in committed_files():
        try:
            text = path.read_text(encoding="utf-8")
        except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
            continue
        if path != Path(__file__) and (places := strange_places(text)):
            found[str(path.relative_to(PROJECT))] = places
    assert found == {}


def test_a_machine_path_and_an_unknown_host_are_seen():
    assert strange_places("see /home/me/x and https://pypi.somewhere.net/simple") == ["/home/me", "pypi.somewhere.net"]
    assert strange_places("see https://arxiv.org/abs/1409.0473, a/home/b, ../work/x and http://heedful.example/") == []
