"""A whole benchmark run: each row is shown when it is measured, and all files are rewritten after each case."""

import importlib.util
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from heedful.bench.cases import CASES
from heedful.bench.plot import save_plot, worth_drawing
from heedful.bench.report import Row, Setting, json_lines, markdown
from heedful.bench.run import Settings, run_case
from heedful.store import write_text_atomically


@dataclass
class Benchmark:
    """A run and its files: `out` with the suffixes .md and .jsonl, and pictures of cases at several lengths."""

    setting: Setting
    out: Path
    rows: list[Row] = field(default_factory=list[Row])

    def run(
        self,
        cases: Mapping[str, Sequence[int]],
        peers: Sequence[str],
        *,
        settings: Settings,
        say: Callable[[str], None],
        show: Callable[[Row], None],
    ) -> list[Path]:
        """Runs cases at their lengths.

        Returns: the files written.
        Raises: UserError, when a file cannot be written; RuntimeError, when heedful's result is wrong.
        """
        # Before any measurement, so that a folder that cannot be written is an error at once.
        written = self.write()
        for name, lengths in cases.items():
            for row in run_case(name, lengths, peers, settings=settings, say=say):
                self.rows.append(row)
                show(row)
            written = self.write()
        if any(worth_drawing(rows) for rows in self._by_case().values()) and not _can_draw():
            say(f"note: no picture without matplotlib: {install_command('plot')}")
        return written

    def write(self) -> list[Path]:
        """Writes the rows measured so far."""
        pictures: list[Path] = []
        drawn = {name: rows for name, rows in self._by_case().items() if worth_drawing(rows) and _can_draw()}
        for name, rows in drawn.items():
            stem = self.out.name if len(drawn) == 1 else f"{self.out.name}-{name}"
            for suffix in (".svg", ".png"):
                pictures.append(self.out.with_name(stem + suffix))
                save_plot(rows, pictures[-1], title=CASES[name].summary)
        texts = {".jsonl": json_lines(self.setting, self.rows)}
        texts[".md"] = markdown(self.setting, self.rows, [path for path in pictures if path.suffix == ".svg"])
        files = [self.out.with_name(self.out.name + suffix) for suffix in texts]
        for path, text in zip(files, texts.values(), strict=True):
            write_text_atomically(path, text)
        return files + pictures

    def _by_case(self) -> dict[str, list[Row]]:
        found: dict[str, list[Row]] = {}
        for row in self.rows:
            found.setdefault(row.case, []).append(row)
        return found


def _can_draw() -> bool:
    return importlib.util.find_spec("matplotlib") is not None
