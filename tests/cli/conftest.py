"""A tiny translator trained once by the command line on made-up pairs: a sentence becomes capitals, backwards."""

import random
from pathlib import Path

import pytest

SETTINGS = {
    "data.shared": "false",
    "data.source.tokeniser": "word",
    "data.target.tokeniser": "word",
    "model.hidden": 32,
    "model.embed": 32,
    "model.dropout": 0,
    "train.steps": 120,
    "train.valid_every": 60,
    "train.tokens": 400,
    "train.rate": 1e-2,
    "train.warmup": 20,
    "train.schedule": "constant",
    "train.precision": "float32",
}


def write_pairs(folder: Path, name: str, count: int, seed: int) -> list[str]:
    """Two line-parallel files and their links; returns the sources."""
    draw = random.Random(seed)
    sources = [[draw.choice("abcdefgh") for _ in range(draw.randint(2, 5))] for _ in range(count)]
    (folder / f"{name}.src").write_text("".join(" ".join(words) + "\n" for words in sources))
    (folder / f"{name}.tgt").write_text("".join(" ".join(words[::-1]).upper() + "\n" for words in sources))
    links = [" ".join(f"{i}-{len(words) - 1 - i}" for i in range(len(words))) for words in sources]
    (folder / f"{name}.align").write_text("".join(f"{line}\n" for line in links))
    return [" ".join(words) for words in sources]


def words_of_training(folder: Path, out: Path, *more: str, **changed: object) -> list[str]:
    """The words of a command that trains on the pairs in a folder."""
    settings = SETTINGS | {name.replace("__", "."): value for name, value in changed.items()}
    words = ["train", "translate", "--train", str(folder / "train.src"), str(folder / "train.tgt")]
    words += ["--valid", str(folder / "valid.src"), str(folder / "valid.tgt"), "--out", str(out)]
    words += ["--model", "rnnsearch", *more]
    return words + [word for name, value in settings.items() for word in ("--set", f"{name}={value}")]


@pytest.fixture(scope="session")
def pairs(tmp_path_factory) -> Path:
    """A folder with train, valid and test pairs."""
    folder = tmp_path_factory.mktemp("pairs")
    for seed, (name, count) in enumerate([("train", 600), ("valid", 25), ("test", 25)]):
        write_pairs(folder, name, count, seed)
    return folder


@pytest.fixture(scope="session")
def training(pairs):
    """From a run folder to the words of a command that trains there; ``train__steps=9`` changes a setting."""
    pytest.importorskip("lightning")
    pytest.importorskip("sacrebleu")
    return lambda out, *more, **changed: words_of_training(pairs, out, *more, **changed)


@pytest.fixture(scope="session")
def trained(pairs, training) -> Path:
    """The run folder of one training."""
    from heedful.cli.run import run

    test = ["--test", str(pairs / "test.src"), str(pairs / "test.tgt")]
    assert run(training(pairs / "run", *test, "--valid-alignments", str(pairs / "valid.align"))) == 0
    return pairs / "run"
