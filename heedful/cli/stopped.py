"""How a command says that it was interrupted."""


class Stopped(Exception):
    """A command that was interrupted and has put its affairs in order; `status` is 128 and the signal's number."""

    def __init__(self, message: str, *, status: int) -> None:
        super().__init__(message)
        self.status = status
