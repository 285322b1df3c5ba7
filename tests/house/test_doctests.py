"""Examples in docstrings run, and every public name of the core has one."""

import doctest
import importlib
import inspect
from pathlib import Path

import pytest

import heedful

ROOT = Path(heedful.__file__).parent
WITH_EXAMPLES = [path for path in sorted(ROOT.rglob("*.py")) if ">>> " in path.read_text(encoding="utf-8")]
CORE = ("attention", "score", "region", "choice", "structure", "testing")


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT.parent).with_suffix("").parts).removesuffix(".__init__")


def public_names_of_the_core() -> dict[str, object]:
    """Every public class and function of the core's rooms; not errors, whose example is the call that raises them."""
    found: dict[str, object] = {}
    for room in CORE:
        module = importlib.import_module(f"heedful.{room}")
        for name in module.__all__:
            value = getattr(module, name)
            is_error = inspect.isclass(value) and issubclass(value, BaseException)
            if (inspect.isclass(value) or inspect.isfunction(value)) and not is_error:
                found[f"{room}.{name}"] = value
    return found


def without_example(names: dict[str, object]) -> list[str]:
    return [name for name, value in names.items() if ">>> " not in (value.__doc__ or "")]


def test_every_public_name_of_the_core_has_an_example():
    names = public_names_of_the_core()
    assert len(names) > 40
    assert without_example(names) == []


def test_a_public_name_without_an_example_is_seen():
    def bare() -> None:
        """Says what it does, and shows nothing."""

    assert without_example({"attention.bare": bare}) == ["attention.bare"]


@pytest.mark.parametrize("path", WITH_EXAMPLES, ids=name_of)
def test_the_examples_of_a_module_are_true(path):
    if path.is_relative_to(ROOT / "train"):
        pytest.importorskip("lightning")
    failed, tried = doctest.testmod(importlib.import_module(name_of(path)), optionflags=doctest.ELLIPSIS)
    assert tried
    assert not failed
