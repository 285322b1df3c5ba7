"""The public names: listed once, loaded on demand, counted."""

import ast
import importlib
import importlib.util
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
