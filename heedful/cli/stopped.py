"""The exception of an interrupted command."""


class Stopped(Exception):
    """A command was interrupted and has saved its state; `status` is 128 plus the signal's number."""

    def __init__(self, message: str, *, status: int) -> None:
        super().__init__(message)
        self.status = status
