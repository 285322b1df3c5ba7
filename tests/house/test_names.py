"""The public names: listed once, loaded on demand, counted."""

import ast
import importlib
import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import heedful

SOURCE = Path(heedful.__file__).read_text(encoding="utf-8")
BUDGET = 40  # a newcomer has to choose among them


def test_all_lists_exactly_what_the_table_knows():
    assert set(heedful.__all__) == {"__version__", *heedful._MODULE_OF}
    assert len(heedful.__all__) == len(set(heedful.__all__))


def test_type_checkers_see_the_same_names_in_the_same_rooms():
    block = next(node for node in ast.parse(SOURCE).body if isinstance(node, ast.If))
    seen = {name.name: node.module for node in block.body if isinstance(node, ast.ImportFrom) for name in node.names}
    assert seen == heedful._MODULE_OF


def test_the_names_are_few():
    assert len(heedful.__all__) <= BUDGET


@pytest.mark.parametrize("name", sorted(heedful._MODULE_OF))
def test_a_name_is_what_its_room_calls_by_it(name):
    home = heedful._MODULE_OF[name]
    if importlib.util.find_spec(home) is None:
        pytest.skip(f"{home} is not built yet")
    value = getattr(heedful, name)
    assert value is getattr(importlib.import_module(home), name)
    assert value.__name__ == name
    assert value.__doc__


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'atend'"):
        heedful.atend


def test_dir_shows_the_names_before_they_are_loaded():
    assert set(heedful.__all__) <= set(dir(heedful))


def test_the_version_is_that_of_the_project():
    project = Path(heedful.__file__).parents[1] / "pyproject.toml"
    if not project.is_file():
        pytest.skip("not run from a source tree")
    assert f'\nversion = "{heedful.__version__}"\n' in project.read_text(encoding="utf-8")


# Names in the documentation -------------------------------------------------------------------------------------------

ROOT = Path(heedful.__file__).parents[1]
PATTERNS = ("*.md", "docs/*.md", "docs/*.rst", "docs/api/*.rst", "recipes/*.md")
PAGES = sorted(path for pattern in PATTERNS for path in ROOT.glob(pattern))
IMPORT = re.compile(r"^ *from (heedful[\w.]*) import (\([^)]*\)|[^\n(]+)", re.MULTILINE)
DOTTED = re.compile(r"(?<![\w./\[-])heedful(?:\.[A-Za-z_]\w*)+(?![\w/-])")
EXTRA = {"heedful.train": "lightning", "heedful.bench": "matplotlib"}
"""Modules that need more than the core's requirements."""


def names_of(text: str) -> Iterator[str]:
    """The dotted names of a page: those imported from modules of the package, and those written out."""
    for module, names in IMPORT.findall(text):
        for name in re.sub(r"#.*", "", names).strip("() ").split(","):
            if bare := name.split(" as ")[0].strip():
                yield f"{module}.{bare}"
    yield from DOTTED.findall(re.sub(r"^ *from heedful[\w.]* import.*", "", text, flags=re.MULTILINE))


def resolve(name: str) -> object:
    """What a dotted name stands for; each part is an attribute, or a module that an import of the name would load."""
    found: object = heedful
    path = "heedful"
    for part in name.split(".")[1:]:
        path = f"{path}.{part}"
        if not hasattr(found, part):
            importlib.import_module(path)
        found = getattr(found, part)
    return found


def is_file_name(name: str) -> bool:
    """`heedful.md`, and places that a page calls by a name that looks like a module."""
    return name.rpartition(".")[2] in {"md", "yaml", "json", "toml", "sh", "NAME"}


@pytest.mark.skipif(not (ROOT / "docs").is_dir(), reason="not run from a source tree")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the changelog lists old names, which work
@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_names_in_the_documentation_are_there_as_printed(page):
    for name in sorted({*names_of(page.read_text(encoding="utf-8"))}):
        needs = next((extra for module, extra in EXTRA.items() if f"{name}.".startswith(f"{module}.")), None)
        if is_file_name(name) or (needs and importlib.util.find_spec(needs) is None):
            continue
        resolve(name)


def test_a_name_that_is_gone_is_seen():
    text = (
        "from heedful import attend, gone\nfrom heedful.choice import (\n    reinforce,  # a remark\n    lost,\n)\n"
        "`heedful.nowhere.x`"
    )
    names = {*names_of(text)}
    assert names == {
        *("heedful.attend", "heedful.gone", "heedful.choice.reinforce", "heedful.choice.lost", "heedful.nowhere.x"),
    }
    for name in ("heedful.gone", "heedful.choice.lost", "heedful.nowhere.x"):
        with pytest.raises((AttributeError, ImportError)):
            resolve(name)


def test_rooms_are_attributes_of_the_package_and_small_helpers_come_from_it():
    code = """
import heedful
print(heedful.testing.laws.check_score.__name__, heedful.choice.reinforce is heedful.reinforce)
from heedful import moving_baseline
print(moving_baseline.__name__, "reinforce" in dir(heedful), "testing" in dir(heedful), "reinforce" in heedful.__all__)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "check_score True\nmoving_baseline True True False\n", done.stderr
