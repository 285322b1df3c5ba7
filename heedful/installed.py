"""How this package was installed, for messages that say how to install more."""

import importlib.metadata
import json
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path
from shlex import quote
from urllib.parse import unquote, urlparse

_NAME = "heedful"


def install_command(extra: str) -> str:
    """The shell command that installs an extra, for the Python that runs now and for how the package was installed.

    From a clone, the extra is installed from the clone. If that is gone, the packages of the extra are named, because
    the name of this package alone would not say where pip can find it.
    """
    return f"{_pip()} install {_requirement(extra)}"


def pip_install(package: str) -> str:
    """The shell command that installs a package of an index for the Python that runs now."""
    return f"{_pip()} install {package}"


def _requirement(extra: str) -> str:
    try:
        distribution = importlib.metadata.distribution(_NAME)
    except importlib.metadata.PackageNotFoundError:
        # Imported from a source tree that is not installed.
        return _of_folder(Path(__file__).resolve().parents[1], extra, editable=False)
    # PEP 610: pip writes this file for what it did not take from an index.
    origin = json.loads(distribution.read_text("direct_url.json") or "{}")
    url = origin.get("url", "")
    if not url:
        return f"'{_NAME}[{extra}]'"
    if "vcs_info" in origin:
        return f"'{_NAME}[{extra}] @ {origin['vcs_info'].get('vcs', 'git')}+{url}'"
    path = Path(unquote(urlparse(url).path))
    if url.startswith("file:") and path.exists():
        return _of_folder(path, extra, editable=bool(origin.get("dir_info", {}).get("editable")))
    return " ".join(f"'{requirement}'" for requirement in _requirements(distribution.requires or (), extra))


def _of_folder(path: Path, extra: str, *, editable: bool) -> str:
    here = path.is_dir() and path.resolve() == Path.cwd().resolve()
    target = quote(f"{'.' if here else path}[{extra}]")
    return f"-e {target}" if editable else target


def _requirements(requirements: Iterable[str], extra: str) -> list[str]:
    """The packages of an extra, without their environment markers."""
    marked = (requirement.partition(";") for requirement in requirements)
    return [name.strip() for name, _, marker in marked if f'extra == "{extra}"' in marker.replace("'", '"')]


def _pip() -> str:
    """``pip`` if that is the one of this Python, or else a command that is."""
    found, folder = shutil.which("pip"), Path(sys.executable).parent
    if found is not None and Path(found).parent == folder:
        return "pip"
    python = Path(sys.executable)
    here = python.relative_to(Path.cwd()) if python.is_relative_to(Path.cwd()) else python
    return f"{quote(str(here))} -m pip"
