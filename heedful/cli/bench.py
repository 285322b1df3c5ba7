"""``heedful bench``: compares the time and memory of attention with other implementations, on this machine."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from heedful.cli.app import app
from heedful.cli.arguments import check_choice
from heedful.errors import UserError

if TYPE_CHECKING:
    import torch

    from heedful.bench.report import Row

_QUICK = {"seconds": 0.05, "turns": 2}
_QUICK_LENGTHS = {True: (32, 48, 64), False: (64,)}  # True for the sweep, False for other cases
_THREE_SECONDS, _LONGEST = 3.0, 20.0


@app.command()
def bench(  # noqa: PLR0913, PLR0917 - its parameters are its options
    cases: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[CASE]...", help="additive, dot ...; `lengths` sweeps 64 to 131,072. [default: all but lengths]"
        ),
    ] = None,
    lengths: Annotated[
        str | None, typer.Option(metavar="N,N", help="Lengths for every case; with three or more, memory is shown too.")
    ] = None,
    peers: Annotated[str | None, typer.Option(metavar="NAME,NAME", help="Compare only with these.")] = None,
    seconds: Annotated[float | None, typer.Option(min=0, help="How long each row is measured. [default: 3]")] = None,
    longest: Annotated[float, typer.Option(min=0, help="Skip a peer if one call would take more seconds.")] = _LONGEST,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Number of threads, for all peers. [default: torch's]")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    out: Annotated[Path, typer.Option(metavar="NAME", help="Write NAME.md, NAME.jsonl and, for sweeps, plots.")] = Path(
        "benchmarks/results/latest"
    ),
    as_installed: Annotated[
        bool, typer.Option("--as-installed", help="Keep the allocator's default: return large buffers to the system.")
    ] = False,
    quick: Annotated[bool, typer.Option("--quick", help="Use tiny sizes, to check that it works.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print lines of JSON instead of a table.")] = False,
) -> None:
    """Compare the speed of attention with other implementations, after checking that all results agree."""
    import torch

    from heedful.bench.benchmark import Benchmark
    from heedful.bench.report import describe_run, json_line, preface, table_line
    from heedful.bench.run import Settings
    from heedful.cli.output import tell
    from heedful.machine import keep_large_buffers

    chosen = _lengths_by_case(cases or [], lengths, quick=quick)
    here, missing = _peers(peers)
    torch_device = _device(device)
    if threads:
        torch.set_num_threads(threads)
    kept = not as_installed and keep_large_buffers()
    settings = Settings(torch_device, seconds=_THREE_SECONDS if seconds is None else seconds, longest=longest)
    if quick:
        settings = Settings(
            torch_device, seconds=seconds or _QUICK["seconds"], turns=int(_QUICK["turns"]), longest=longest
        )
    words: dict[str, object] = {"--lengths": lengths, "--peers": peers, "--seconds": seconds, "--threads": threads}
    words |= {"--longest": None if longest == _LONGEST else longest, "--device": None if device == "auto" else device}
    flags = {"--as-installed": as_installed, "--quick": quick}
    setting = describe_run(_command(cases or [], words, flags), kept=kept, device=torch_device, missing=missing)

    def line(row: "Row") -> None:
        print(json_line(row) if as_json else table_line(row), flush=True)

    if as_json:
        print(json_line(setting))
    else:
        _print_head(preface(setting))
    written = Benchmark(setting, out).run(chosen, here, settings=settings, say=tell, show=line)
    tell(f"written: {', '.join(map(str, written))}")


def _print_head(preface: Iterable[str]) -> None:
    from heedful.bench.report import HEAD

    print(*preface, "", *HEAD, sep="\n", flush=True)


def _lengths_by_case(cases: Sequence[str], lengths: str | None, *, quick: bool) -> dict[str, tuple[int, ...]]:
    """The lengths of each case: those chosen, or all but the sweep, which takes far longer.

    Raises: UserError, for an unknown name or an invalid length.
    """
    from heedful.bench.cases import CASES, SWEEP

    for case in cases:
        check_choice(case, CASES, "case")
    names = list(dict.fromkeys(cases)) or [name for name in CASES if name != SWEEP]
    if lengths is not None:
        return dict.fromkeys(names, _numbers(lengths))
    return {name: _QUICK_LENGTHS[name == SWEEP] if quick else CASES[name].lengths for name in names}


def _numbers(words: str) -> tuple[int, ...]:
    parts = [part.strip() for part in words.split(",") if part.strip()]
    if not parts or not all(part.isdecimal() and int(part) for part in parts):
        raise UserError(f"--lengths is {words!r}, expected whole numbers above 0", hint="such as --lengths 64,256,1024")
    return tuple(sorted({int(part) for part in parts}))


def _peers(words: str | None) -> tuple[list[str], dict[str, str]]:
    """The chosen peers that are installed, and why the others cannot be used.

    Raises: UserError, for an unknown name.
    """
    from heedful.bench.peers import PEERS

    chosen = [word.strip() for word in words.split(",") if word.strip()] if words is not None else list(PEERS)
    for name in chosen:
        check_choice(name, PEERS, "peer")
    reasons = {name: PEERS[name].missing() for name in dict.fromkeys(chosen)}
    return [name for name, reason in reasons.items() if not reason], {k: v for k, v in reasons.items() if v}


def _device(name: str) -> "torch.device":
    import torch

    check_choice(name, ("auto", "cpu", "cuda"), "device")
    if name == "cuda" and not torch.cuda.is_available():
        raise UserError("--device is cuda, but torch finds no CUDA device", hint="leave it out, or use --device cpu")
    cuda = name != "cpu" and torch.cuda.is_available()
    return torch.device("cuda" if cuda else "cpu")


def _command(cases: Sequence[str], words: Mapping[str, object], flags: Mapping[str, bool]) -> str:
    """The command line that repeats this run, without --out."""
    parts = [f"{option} {quote(str(value))}" for option, value in words.items() if value is not None]
    parts += [flag for flag, is_set in flags.items() if is_set]
    return " ".join(("heedful bench", *cases, *parts))
