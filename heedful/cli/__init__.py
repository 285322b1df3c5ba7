"""The command line: one file a command, heavy imports inside commands so that `heedful --help` answers at once."""

from heedful.cli.run import main

__all__ = ["main"]
