"""Turns the package's docstrings into reStructuredText for Sphinx.

Docstrings are written to be read in a terminal: `name` and ``code`` are code, an indented block is an example, and a
section is a line that begins with its name ("Returns: ..."). Shapes such as [*B, T, D] would be markup to Sphinx.
"""

import inspect
import re
from collections.abc import Iterator

from sphinx.application import Sphinx

CODE = re.compile(r"``(.+?)``|`(.+?)`", re.DOTALL)
SECTION = re.compile(r"(Returns|Raises|Memory|Source|Sources|Parameters|Faults|Shapes|Units|Yields): (.*)", re.DOTALL)
ITEM = re.compile(r"(?:[-*]|\d+\.) ")
STRONG = re.compile(r"\*\*(?=\w)(.+?)(?<=\w)\*\*", re.DOTALL)
SPECIAL = re.compile(r"([\\*_|])")


def literal(text: str) -> str:
    """Text without code: all but **strong** words is taken as it is."""
    parts = STRONG.split(text)  # every second part is strong
    return "".join(
        f"\\ **{SPECIAL.sub(escape, part)}**\\ " if i % 2 else SPECIAL.sub(escape, part) for i, part in enumerate(parts)
    )


def escape(match: re.Match[str]) -> str:
    """A character that would be markup, as itself."""
    return f"\\{match[0]}"


def inline(text: str) -> str:
    """A paragraph with its code marked as such, and all else taken literally."""
    parts: list[str] = []
    end = 0
    for match in CODE.finditer(text):
        parts.append(literal(text[end : match.start()]))
        # "\ " separates the markup from what touches it, as the plural s in "`Map`s".
        parts.append(f"\\ ``{match[1] or match[2]}``\\ ")
        end = match.end()
    return "".join([*parts, literal(text[end:])])


def blocks(lines: list[str]) -> Iterator[list[str]]:
    """Paragraphs and examples: split at blank lines, where a section begins, and at items of a list."""
    block: list[str] = []
    for line in lines:
        starts = SECTION.match(line) or ITEM.match(line)
        if block and (not line.strip() or starts):
            yield block
            block = []
        if line.strip():
            block.append(line)
    if block:
        yield block


def converted(lines: list[str]) -> list[str]:
    """The reStructuredText of a docstring whose common indentation is gone."""
    out: list[str] = []
    for block in blocks(lines):
        text = "\n".join(block)
        if block[0].startswith(">>> "):
            out += [*block, ""]
        elif block[0].startswith("    "):
            out += [".. code-block:: python", "", *block, ""]
        elif section := SECTION.match(text):
            out += [f":{section[1]}: {inline(' '.join(section[2].split()))}", ""]
        elif item := ITEM.match(text):
            out += [f"{item[0]}{inline(' '.join(text[item.end() :].split()))}", ""]
        else:
            # "text::" announces an indented block, which is marked as code anyway.
            out += [inline(re.sub("::$", ":", " ".join(text.split()))), ""]
    return out


def _process(_app: Sphinx, what: str, _name: str, value: object, _options: object, lines: list[str]) -> None:
    text = "\n".join(lines).strip()
    # A constant without a comment of its own would show the docstring of its type, as that of `dict`.
    is_of_type = what == "data" and text == (inspect.getdoc(type(value)) or "")
    lines[:] = [] if is_of_type or text.startswith("Alias for field number") else converted(lines)


def _signature(
    _app: Sphinx, what: str, _name: str, _value: object, _options: object, signature: str | None, returns: str | None
) -> tuple[str, str | None] | None:
    """Leaves out ``(*args, **kwargs)``, which Python gives to a protocol: nobody makes an instance of one."""
    return ("", returns) if what == "class" and signature == "(*args, **kwargs)" else None


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("autodoc-process-docstring", _process)
    app.connect("autodoc-process-signature", _signature)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
