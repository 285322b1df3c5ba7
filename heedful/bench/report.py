"""What was measured, as a table to read and as lines of JSON to compute with, beside the machine it was measured on."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import torch

from heedful.bench.check import APART, EXACT, HALF, HALF_APART
from heedful.bench.timing import Timing
from heedful.machine import cpu_features, describe

FEATURES = ("avx2", "avx512f", "avx512_bf16", "amx_tile", "amx_bf16", "asimd", "sve", "bf16")

HEAD = (
    "| case | size | pass | peer | ms | quartiles | CPU ms | turns | peer / ours | peak MiB | note |",
    "|---|---|---|---|---|---|---|---|---|---|---|",
)


@dataclass(frozen=True)
class Row:
    """A peer at a case, a length and a pass: its times, its time over ours, the memory of a call; or why none."""

    case: str
    length: int
    size: str
    way: str
    peer: str
    timing: Timing | None = None
    ratio: float | None = None
    bytes: int | None = None
    rate: str = ""
    note: str = ""


@dataclass(frozen=True)
class Setting:
    """What a run was: the command, the machine, and the peers that were not there with what to do about it."""

    command: str
    machine: str
    features: str
    threads: int
    buffers: str
    clock: str
    version: str
    date: str
    missing: Mapping[str, str]


def describe_run(command: str, *, kept: bool, device: torch.device, missing: Mapping[str, str]) -> Setting:
    """Looks around: processor, versions, the state of the checkout, the time."""
    return Setting(
        command=command,
        machine=describe(),
        features=", ".join(cpu_features(FEATURES)) or "not known",
        threads=torch.get_num_threads(),
        buffers="kept for all (heedful.machine.keep_large_buffers)" if kept else "as installed: given back when freed",
        clock="CUDA events" if device.type == "cuda" else "the clock of the wall",
        version=f"heedful {version('heedful')}{_commit()}",
        date=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        missing=missing,
    )


def markdown(setting: Setting, rows: Sequence[Row], pictures: Sequence[Path] = ()) -> str:
    """The whole report."""
    lines = [f"# `{setting.command}`", "", *preface(setting), ""]
    lines += [line for picture in pictures for line in (f"![time and memory against length]({picture.name})", "")]
    return "\n".join((*lines, *HEAD, *map(table_line, rows), ""))


def preface(setting: Setting) -> list[str]:
    """What stands above the table."""
    lines = [
        f"- {setting.machine}; of its features: {setting.features}",
        f"- {setting.version}, {setting.date}, {setting.threads} threads for everybody",
        f"- Large buffers are {setting.buffers}",
        f"- ms: medians by {setting.clock}, peers taking turns in one process; CPU ms: of all threads of the process",
        f"- Checked before: contexts within {EXACT:g} of float64 ({HALF:g} in bfloat16), gradients within {APART:g} of "
        f"ours ({HALF_APART:g}); a name with a colon does other work of the same size, and is not checked",
        "- peak MiB: what one call adds, in a fresh process that gives freed buffers back",
    ]
    return lines + [f"- Not here: {name}: {reason}" for name, reason in setting.missing.items()]


def table_line(row: Row) -> str:
    """A row of the table."""
    timing = row.timing
    cells = [row.case, row.size, row.way, row.peer]
    if timing is None:
        cells += [""] * 6
    else:
        cells += [_number(timing.wall), f"{_number(timing.low)} to {_number(timing.high)}", _number(timing.cpu)]
        cells += [str(timing.turns), "" if row.ratio is None else f"{row.ratio:.2f}"]
        cells += ["" if row.bytes is None else _number(row.bytes / 2**20)]
    cells.append("; ".join(filter(None, (row.rate, row.note))).replace("|", "\\|"))
    return f"| {' | '.join(cells)} |"


def json_lines(setting: Setting, rows: Sequence[Row]) -> str:
    """The setting on the first line, then one row a line, nothing rounded."""
    lines = [json_line(setting), *map(json_line, rows)]
    return "".join(f"{line}\n" for line in lines)


def json_line(thing: Row | Setting) -> str:
    """One line of JSON."""
    return json.dumps(asdict(thing), ensure_ascii=False)


def _number(value: float) -> str:
    """Three digits at least, and no more decimals than are worth reading."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.1f}" if value >= 100 else f"{value:.2f}"


def _commit() -> str:
    """The commit of the checkout that runs, "+" where it was changed since; nothing where it is no checkout."""
    root = Path(__file__).parents[2]
    if not (root / ".git").exists():
        return ""
    try:
        head, changed = (
            subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=True).stdout.strip()
            for words in (("rev-parse", "--short", "HEAD"), ("status", "--porcelain", "-uno"))
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return f" at {head}{'+' if changed else ''}"
