"""Links of pages to files outside docs/, which GitHub follows and a site cannot: to the page that includes the file.

A file without such a page becomes a download, and a folder becomes plain text.
"""

import re
from pathlib import Path

from sphinx.application import Sphinx

LINK = re.compile(r"(?<!!)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s:#]+)(#[^)\s]*)?\)")
PAGES = {
    "CHANGELOG.md": "project/changelog",
    "CONTRIBUTING.md": "project/contributing",
    "LOG.md": "project/log",
    "README.md": "index",
    "recipes/README.md": "project/recipes",
}


def rewritten(text: str, folder: Path, docs: Path) -> str:
    """The text of a page in `folder`, with its links to files outside `docs` led to where the site has them."""

    def replace(match: re.Match[str]) -> str:
        label, path, anchor = match[1], match[2], match[3] or ""
        target = (folder / path).resolve()
        if target.is_relative_to(docs):
            return match[0] if folder.is_relative_to(docs) else f"[{label}](/{target.relative_to(docs)}{anchor})"
        if page := PAGES.get(str(target.relative_to(docs.parent))):
            return f"[{label}](/{page}.md{anchor})"
        if target.is_file():
            return f"{{download}}`{label.replace('`', '')} </../{target.relative_to(docs.parent)}>`"
        return label

    return LINK.sub(replace, text)


def _read(app: Sphinx, _page: str, source: list[str]) -> None:
    docs = Path(app.srcdir).resolve()
    page = Path(app.env.doc2path(_page))
    if page.suffix == ".md":
        source[0] = rewritten(source[0], page.resolve().parent, docs)


def _include(app: Sphinx, path: Path, _page: str, source: list[str]) -> None:
    docs = Path(app.srcdir).resolve()
    source[0] = rewritten(source[0], (docs / path).resolve().parent, docs)


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("source-read", _read)
    app.connect("include-read", _include)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
