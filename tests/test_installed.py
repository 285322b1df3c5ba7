"""What to type to install an extra, for every way in which the package can have been installed."""

import importlib.metadata
import json
import sys
from pathlib import Path

import pytest

from heedful import installed
from heedful.errors import UserError, require
from heedful.installed import install_command, pip_install


class Installed:
    """A distribution as pip leaves it."""

    requires = ('matplotlib>=3.9; extra == "plot"', "numpy>=1.26", "sacrebleu>=2.5; extra == 'train'")

    def __init__(self, origin: dict | None) -> None:
        self.origin = origin

    def read_text(self, name: str) -> str | None:
        assert name == "direct_url.json"
        return None if self.origin is None else json.dumps(self.origin)


@pytest.fixture
def as_if(monkeypatch, tmp_path):
    monkeypatch.setattr(installed, "_pip", lambda: "pip")
    monkeypatch.chdir(tmp_path)

    def install(origin: dict | None) -> None:
        monkeypatch.setattr(importlib.metadata, "distribution", lambda name: Installed(origin))

    return install


def test_from_an_index_the_name_is_enough(as_if):
    as_if(None)
    assert install_command("plot") == "pip install 'heedful[plot]'"


def test_from_a_clone_it_is_the_clone(as_if, tmp_path):
    as_if({"url": tmp_path.as_uri(), "dir_info": {}})
    assert install_command("plot") == "pip install '.[plot]'"
    as_if({"url": tmp_path.as_uri(), "dir_info": {"editable": True}})
    assert install_command("plot") == "pip install -e '.[plot]'"
    clone = tmp_path / "a clone"
    clone.mkdir()
    as_if({"url": clone.as_uri(), "dir_info": {}})
    assert install_command("plot") == f"pip install '{clone}[plot]'"


def test_from_a_clone_that_is_gone_it_is_the_packages(as_if, tmp_path):
    as_if({"url": (tmp_path / "gone").as_uri(), "dir_info": {}})
    assert install_command("plot") == "pip install 'matplotlib>=3.9'"
    assert install_command("train") == "pip install 'sacrebleu>=2.5'"


def test_from_a_repository_it_is_the_repository(as_if):
    as_if({"url": "https://example.com/heedful", "vcs_info": {"vcs": "git", "commit_id": "0"}})
    assert install_command("plot") == "pip install 'heedful[plot] @ git+https://example.com/heedful'"


def test_from_a_source_tree_that_is_not_installed_it_is_the_tree(monkeypatch, tmp_path):
    def missing(name: str) -> None:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", missing)
    monkeypatch.setattr(installed, "_pip", lambda: "pip")
    monkeypatch.chdir(tmp_path)
    root = Path(installed.__file__).parents[1]
    assert install_command("plot") == f"pip install '{root}[plot]'"


def test_pip_is_that_of_this_python(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    monkeypatch.setattr(sys, "executable", str(python))
    monkeypatch.setattr("shutil.which", lambda name: "/usr/bin/pip")
    assert pip_install("wandb") == ".venv/bin/python -m pip install wandb"
    monkeypatch.setattr("shutil.which", lambda name: str(python.with_name("pip")))
    assert pip_install("wandb") == "pip install wandb"


def test_a_missing_module_is_answered_with_the_command(as_if):
    as_if(None)
    with pytest.raises(UserError, match=r"'no_such_module', which is not installed .*pip install 'heedful\[plot\]'"):
        require("no_such_module", extra="plot")
