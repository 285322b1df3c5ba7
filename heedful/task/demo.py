"""The demo: two translators are trained, scored and shown on a synthetic corpus, in a few minutes on two cores.

All sizes are in `DEMO`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from heedful.data.corpus import AlignedPair, make_corpus
from heedful.data.pairs import Pair, read_pairs
from heedful.data.pharaoh import format_links
from heedful.errors import UserError, require
from heedful.store import make_folder, write_text_atomically
from heedful.task.base import Shown, Trained
from heedful.task.config import make_settings
from heedful.task.engine import read_sets, train
from heedful.task.folder import CONFIG, load_settings
from heedful.task.translate.config import TranslateConfig
from heedful.task.translate.task import Translate
from heedful.task.translate.translator import Translation

CORPUS = "corpus"


@dataclass(frozen=True)
class DemoSettings:
    """How many sentence pairs each split has, and the settings of each model, as in a config file."""

    train: int
    valid: int
    test: int
    common: Mapping[str, Any]
    models: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])


DEMO = DemoSettings(
    train=6000,
    valid=300,
    test=500,
    common={
        "data": {
            "source": {"tokeniser": "word"},
            "target": {"tokeniser": "character"},
            "shared": False,
        },
        "train": {"epochs": None, "valid_every": 250, "tokens": 2048, "schedule": "cosine", "average": 1},
    },
    models={
        "rnnsearch": {
            "model": {"name": "rnnsearch", "embed": 96, "hidden": 96, "dropout": 0.1, "smoothing": 0.0},
            "train": {"steps": 600, "rate": 4e-3, "warmup": 100},
        },
        "transformer": {
            "model": {
                "name": "transformer",
                "width": 128,
                "heads": 4,
                "feedforward": 256,
                "encoder_layers": 2,
                "decoder_layers": 2,
                "dropout": 0.2,
                "smoothing": 0.1,
                "position": "rotary",
            },
            "train": {"steps": 800, "rate": 3e-3, "warmup": 150},
        },
    },
)


def run_demo(out: Path, *, seed: int = 1, shown: Shown | None = None, settings: DemoSettings = DEMO) -> list[Trained]:
    """Writes the corpus to `out` and trains each model there; runs that were interrupted are resumed.

    Returns: the outcome of training for each model, with BLEU and AER on the test set in its results.
    Raises: UserError, when `out` holds a demo with another seed, or the extra `train` is not installed.
    """
    # Before anything is written: without the extra the corpus would be all that the demo leaves.
    for module in ("lightning", "sacrebleu"):
        require(module, extra="train")
    corpus = make_corpus(seed, train=settings.train, valid=settings.valid, test=settings.test)
    parts = {"train": corpus.train, "valid": corpus.valid, "test": corpus.test}
    for name, pairs in parts.items():
        _write(pairs, out / CORPUS, name)
    corpora = {name: [str(out / CORPUS / f"{name}.tsv")] for name in parts}
    links = {f"{name}_alignments": str(out / CORPUS / f"{name}.align") for name in ("valid", "test")}
    files, task = {"data": {**corpora, **links}}, Translate()
    trained: list[Trained] = []
    for name, of_model in settings.models.items():
        (shown or Shown()).say(f"\n{name}")
        config = make_settings(TranslateConfig, settings.common, of_model, files, {"train": {"seed": seed}})
        if (out / name / CONFIG).exists() and load_settings(TranslateConfig, out / name).train.seed != seed:
            raise UserError("this folder holds a demo with another seed", where=str(out), hint="choose another --out")
        sets = read_sets(task, config)
        trained.append(train(task, config, sets, out=out / name, resume=True, shown=shown))
        if trained[-1].fit.exit_status:
            break
    return trained


def best_of(trained: Sequence[Trained]) -> Trained:
    """The run with the lowest alignment error rate."""
    return min(trained, key=lambda run: run.results["test aer"])


def example(trained: Trained) -> tuple[Pair, Translation]:
    """A test sentence for display: the correct translation with the most reordering."""
    config = trained.predictor.config
    pairs = read_pairs([Path(config.data.test[0])])[:200]
    translations = trained.predictor.predict([pair.source for pair in pairs])
    translated = list(zip(pairs, translations, strict=True))
    right = [(pair, translation) for pair, translation in translated if translation.text == pair.target]
    return max(right or translated, key=lambda both: _crossings(both[1]))


def _crossings(translation: Translation) -> float:
    """The number of pairs of links that cross."""
    links = translation.alignment
    crossed = sum((a[0] - b[0]) * (a[1] - b[1]) < 0 for i, a in enumerate(links) for b in links[:i])
    # Longer sentences do not fit on a screen, and are chosen only if there is nothing else.
    return crossed / (1 if len(translation.source_tokens) <= 14 else 100)


def _write(pairs: Sequence[AlignedPair], folder: Path, name: str) -> None:
    make_folder(folder)
    write_text_atomically(folder / f"{name}.tsv", "".join(f"{pair.source}\t{pair.target}\n" for pair in pairs))
    write_text_atomically(folder / f"{name}.align", "".join(f"{format_links(pair.links)}\n" for pair in pairs))
