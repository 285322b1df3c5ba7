"""Where commands draw attention maps: in the terminal at once, or into files at the end."""

import time
from pathlib import Path

from rich.console import Console

from heedful.cli.output import drawn_maps, tell
from heedful.errors import UserError, did_you_mean
from heedful.task.base import Answer
from heedful.watch import SCALES, Map, Scale, check_format, passages, save_maps
from heedful.watch.files import is_picture
from heedful.watch.scale import check_scale
from heedful.watch.words import printable

TERMINAL = "terminal"
_PICTURES, _ON_A_PAGE = 50, 200  # drawings, if the user gives no limit: each picture is a file and takes a moment
_SECONDS = 5.0  # between reports of progress


def scale_of(word: str) -> Scale:
    """The scale that a word names, or the number that it is.

    Raises: UserError, when it is neither.
    """
    try:
        return check_scale(float(word))
    except ValueError:
        if word in SCALES:
            return check_scale(word)
        raise UserError(f"no scale is called {word!r}", hint=f"{did_you_mean(word, SCALES)}, or a number") from None


class MapFile:
    """Draws the maps of answers: on a console at once, or in one file, or several numbered ones, at the end.

    `target` is a file, "terminal", or None for no maps. Of many maps only the first `most` are drawn; None means as
    many as suit the format, and 0 all of them.
    Raises: UserError, when maps cannot be saved in the format of the file.
    """

    def __init__(self, target: str | None, console: Console, *, scale: Scale = "auto", most: int | None = None) -> None:
        self._target, self._console, self._scale = target, console, scale
        self._maps: list[Map] = []
        self._heading = ""  # the last one that was printed
        self._drawings, self._answers, self._left_out = 0, 0, 0
        # Checked first: a wrong suffix must not be reported only after everything has been answered.
        if target not in (None, TERMINAL):
            check_format(target)
        self._most = _limit(target) if most is None else most or None

    def wants_more(self) -> bool:
        """Whether further maps would be drawn; computing them takes time."""
        return self._target is not None and (self._most is None or self._drawings < self._most)

    def add(self, answer: Answer) -> None:
        """Draws the maps of an answer, or keeps them for the end."""
        if self._target is None:
            return
        self._answers += 1
        drawings = list(passages(answer.maps))
        room = len(drawings) if self._most is None else max(0, self._most - self._drawings)
        if not self.wants_more() or len(drawings) > room:
            self._left_out += 1
        self._drawings += min(room, len(drawings))
        chosen = [map_ for drawing in drawings[:room] for map_ in drawing]
        if self._target == TERMINAL:
            self._draw(chosen)
        else:
            self._maps += chosen

    def close(self) -> None:
        """Writes the files, and says which."""
        if self._target is None:
            return
        if self._left_out:
            tell(
                f"note: only the first {self._drawings} maps are drawn; {self._left_out} of {self._answers} answers "
                "have more; --max-maps 0 draws all"
            )
        if self._target == TERMINAL:
            return
        if not self._maps:
            tell(f"note: {self._target} was not written: the answers are empty, or this model has no attention")
            return
        many = is_picture(self._target) and self._drawings > 1
        if many:
            path = Path(self._target)
            first, last = (path.with_stem(f"{path.stem}-{number}") for number in (1, self._drawings))
            tell(f"drawing {self._drawings} pictures: {first} to {last}")
        hint = save_maps(self._maps, self._target, scale=self._scale, progress=_Reports() if many else None)
        if hint:
            tell(f"note: {hint}")

    def _draw(self, maps: list[Map]) -> None:
        for map_, drawing in drawn_maps(self._console, maps, scale=self._scale):
            # A heading stands once above all maps of one answer.
            lines = [map_.heading if map_.heading != self._heading else "", map_.title]
            self._heading = map_.heading
            self._console.print("\n" + "\n".join(printable(line) for line in lines if line), markup=False)
            self._console.print(drawing)


class _Reports:
    """Prints how many pictures are drawn, every few seconds."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        if time.monotonic() - self._last >= _SECONDS and done < total:
            self._last = time.monotonic()
            tell(f"{done} of {total} pictures drawn")


def _limit(target: str | None) -> int | None:
    """How many drawings suit a format; None for numbers and for the terminal, where the user sees them pass."""
    if target in (None, TERMINAL):
        return None
    return _PICTURES if is_picture(target) else _ON_A_PAGE if target.lower().endswith(".html") else None
