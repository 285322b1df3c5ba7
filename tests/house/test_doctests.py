"""Examples in docstrings run and say the truth."""

import doctest
import importlib
from pathlib import Path

import pytest

import heedful

ROOT = Path(heedful.__file__).parent
WITH_EXAMPLES = [path for path in sorted(ROOT.rglob("*.py")) if ">>> " in path.read_text(encoding="utf-8")]


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT.parent).with_suffix("").parts).removesuffix(".__init__")


@pytest.mark.parametrize("path", WITH_EXAMPLES, ids=name_of)
def test_the_examples_of_a_module_are_true(path):
    if path.is_relative_to(ROOT / "train"):
        pytest.importorskip("lightning")
    failed, tried = doctest.testmod(importlib.import_module(name_of(path)), optionflags=doctest.ELLIPSIS)
    assert tried
    assert not failed
