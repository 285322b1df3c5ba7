"""The directive `public-names`: the reference of every public name of a module, taken from the module itself.

    .. public-names:: heedful.score

A package without `__all__` is documented module by module. A name that `heedful` offers itself is shown as such.
"""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.nodes import nested_parse_with_titles

import heedful

DIRECTIVE = re.compile(r"^\.\. public-names:: (\S+)$", re.MULTILINE)
PAGES = Path(__file__).parents[1] / "api"


def documented_modules() -> set[str]:
    """The modules that have a page of the reference."""
    return {name for page in PAGES.glob("*.rst") for name in DIRECTIVE.findall(page.read_text(encoding="utf-8"))}


def belongs_elsewhere(module: ModuleType, name: str, value: object) -> bool:
    """Whether a module only passes on a name that the page of another module documents."""
    home = ".".join((getattr(value, "__module__", None) or module.__name__).split(".")[:2])
    if module.__name__.startswith(home) or home not in documented_modules():
        return False
    return name in getattr(importlib.import_module(home), "__all__", [])


def public_objects(module: ModuleType) -> Iterator[tuple[str, object]]:
    """Names with what they are: `__all__`, or else what the module itself defines."""
    if hasattr(module, "__all__"):
        objects = ((name, getattr(module, name)) for name in module.__all__)
        yield from ((name, value) for name, value in objects if not belongs_elsewhere(module, name, value))
        return
    for name, value in vars(module).items():
        if not name.startswith("_") and getattr(value, "__module__", None) == module.__name__ and is_code(value):
            yield name, value


def is_code(value: object) -> bool:
    """A class or a function, not a type alias or a constant."""
    return inspect.isclass(value) or inspect.isroutine(value)


def modules_of(name: str) -> Iterator[ModuleType]:
    """The module, or where it is a package without `__all__` the modules in it."""
    module = importlib.import_module(name)
    if hasattr(module, "__all__") or not hasattr(module, "__path__"):
        yield module
        return
    for info in sorted(pkgutil.iter_modules(module.__path__), key=lambda info: info.name):
        if not info.name.startswith("_"):
            yield from modules_of(f"{name}.{info.name}")


def shown_name(module: ModuleType, name: str) -> str:
    """By which name the reference lists an object: the shortest that a user can import."""
    is_short = name in heedful.__all__ and getattr(heedful, name) is getattr(module, name)
    return f"heedful.{name}" if is_short else f"{module.__name__}.{name}"


def rank(module: ModuleType, name: str, value: object) -> tuple[bool, bool, bool]:
    """Sorts what most users need first: names of `heedful` itself, then functions, then classes, then constants."""
    return shown_name(module, name).count(".") != 1, not inspect.isroutine(value), not inspect.isclass(value)


def reference(name: str) -> list[str]:
    """The reStructuredText of the reference of a module."""
    lines: list[str] = []
    modules = list(modules_of(name))
    for module in modules:
        objects = sorted(public_objects(module), key=lambda item: rank(module, *item))
        if not objects:
            continue
        if len(modules) > 1:
            summary = (module.__doc__ or "").partition("\n")[0]
            lines += ["", module.__name__, "-" * len(module.__name__), "", summary.replace("*", "\\*"), ""]
        for attribute, value in objects:
            kind = "class" if inspect.isclass(value) else "function" if inspect.isroutine(value) else "data"
            lines += [f".. auto{kind}:: {shown_name(module, attribute)}"]
            lines += ["   :members:", ""] if kind == "class" else ["   :no-value:", ""] if kind == "data" else [""]
    return lines


class PublicNames(Directive):
    """See the head of this file."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """The nodes that stand in the directive's place."""
        node = nodes.section()
        node.document = self.state.document
        lines = reference(self.arguments[0])
        nested_parse_with_titles(self.state, StringList(lines, source=self.arguments[0]), node)
        return node.children


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.add_directive("public-names", PublicNames)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
