"""The command line: one file per command. Heavy imports are inside the commands, so that `--help` answers at once."""

from heedful.cli.run import main

__all__ = ["main"]
