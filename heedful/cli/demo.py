"""``heedful demo``: the main job without any file of one's own."""

import importlib.util
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from heedful.cli.app import app
from heedful.cli.stopped import Stopped

if TYPE_CHECKING:
    from heedful.task.base import Trained


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="The folder for the corpus, both run folders and the picture.")] = Path(
        "demo"
    ),
    seed: Annotated[int, typer.Option(min=0, help="Another corpus and other first weights.")] = 1,
) -> None:
    """Train two small translators on a made-up English-Chinese corpus and see where they look."""
    from heedful.cli.output import shown_training, tell
    from heedful.machine import describe, keep_large_buffers
    from heedful.task.demo import run_demo

    keep_large_buffers()
    tell("English to Chinese, made by a grammar; the test holds combinations of words that training does not show.")
    tell(describe())
    trained = run_demo(out, seed=seed, shown=shown_training())
    if trained[-1].fit.exit_status:
        again = f"heedful demo --out {quote(str(out))} --seed {seed}"
        raise Stopped(f"stopped; all of it is saved. Go on with: {again}", status=trained[-1].fit.exit_status)
    _tell_scores(trained)
    sentence = _tell_example(trained, out)
    _tell_next(trained, out, sentence)


def _tell_scores(trained: "list[Trained]") -> None:
    from rich.table import Table

    from heedful.cli.output import results

    heads = ("model", "test BLEU", "test AER", "(plain)", "map read as alignment", "minutes")
    table = Table(*heads, box=None, padding=(0, 2, 0, 0))
    for one in trained:
        found, name = one.results, one.predictor.config.model.name
        numbers = [f"{found['test bleu']:.1f}", f"{found['test aer']:.3f}", f"{found['test aer_plain']:.3f}"]
        table.add_row(name, *numbers, found["test look"], f"{found['minutes']:.1f}")
    results().print()
    results().print(table)
    results().print(
        "AER: links of the map named; validation chose it and how to read it. plain: heaviest weights alone"
    )


def _tell_example(trained: "list[Trained]", out: Path) -> str:
    """One test sentence: in the terminal, as SVG, and as PNG where matplotlib is; returns it."""
    from heedful.cli.output import drawn_map, results, tell
    from heedful.task.demo import best_of, example
    from heedful.watch import save_maps

    pair, found = example(best_of(trained))
    console = results()
    console.print(f"\n{pair.source}\n{found.text}", markup=False)
    if found.words is None:
        return pair.source
    console.print(f"\n{found.words.title}", markup=False)
    console.print(drawn_map(console, found.words))
    suffixes = [".svg", ".png"] if importlib.util.find_spec("matplotlib") else [".svg"]
    hints = [save_maps([found.words], out / f"alignment{suffix}") for suffix in suffixes]
    tell(f"drawn in {' and '.join(str(out / f'alignment{suffix}') for suffix in suffixes)}")
    for hint in filter(None, hints):
        tell(f"note: {hint}")
    return pair.source


def _tell_next(trained: "list[Trained]", out: Path, sentence: str) -> None:
    from heedful.cli.output import tell
    from heedful.task.demo import CORPUS, best_of

    run = quote(str(out / best_of(trained).predictor.config.model.name))
    test = quote(str(out / CORPUS / "test"))
    tell("\nnext, with these models:")
    tell(f'  heedful show {run} "{sentence}"')
    tell(f"  heedful eval {run} {test}.tsv --alignments {test}.align")
    tell("and with your own text, two files of one sentence a line each:")
    tell("  heedful train translate --train train.en train.de --valid valid.en valid.de --model rnnsearch --out my-run")
