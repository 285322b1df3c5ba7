"""Whether a change of the code left every trained weight as it was: all tasks, trained small by two versions.

    python benchmarks/bit_equal.py BASE_COMMIT

trains the cases of `CASES` on made-up data with one thread and a fixed seed, once with the code of BASE_COMMIT and once
with the code of this checkout. It then compares, and exits with 1 at any difference:

- the bits of every tensor in `model.safetensors`,
- what `heedful predict` and `heedful eval` print for the new run folders,
- the same for the old run folders when the new code answers from them,
- the weights of `RESUMED`: stopped half way by the old code, and finished by either.

Weights depend on the processor and on torch, so only runs of one machine compare. Needs git and the extra `train`.
"""

import argparse
import contextlib
import hashlib
import io
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
QUICK = ["train.steps=12", "train.valid_every=6", "train.warmup=2", "train.tokens=240", "train.precision=float32"]
TRANSFORMER = ["model.width=16", "model.heads=2", "model.feedforward=16"]
SHARED = ["data.source.tokeniser=word"]
RECURRENT = ["model.embed=12", "model.hidden=12"]
TEXT = [*RECURRENT, "model.maps=6", "model.heads=2", "model.feedforward=12"]
WORDS = ["data.shared=false", "data.source.tokeniser=word", "data.target.tokeniser=word"]
FLOAT = "decode.precision=float32"
TIMED = ("run", "sentences_per_second", "texts_per_second", "pairs_per_second")

Case = tuple[str, list[str], list[str], list[str]]  # the task, files and options, settings, further options of eval

CASES: dict[str, Case] = {
    "translate-transformer": (
        "translate", ["--train", "pairs.tsv", "--valid", "few.tsv", "--valid-alignments", "few.align",
                      "--test", "few.tsv"], [*TRANSFORMER, *WORDS, FLOAT], []),
    "translate-shared": (
        "translate", ["--train", "pairs.tsv", "--model", "transformer"], [*TRANSFORMER, *SHARED, FLOAT], []),
    "translate-rnnsearch": (
        "translate", ["--train", "pairs.tsv", "--model", "rnnsearch", "--test", "few.tsv"],
        [*RECURRENT, *WORDS, FLOAT], ["--alignments", "few.align"]),
    "translate-local": (
        "translate", ["--train", "pairs.tsv", "--model", "luong-local"], [*RECURRENT, *WORDS, FLOAT], []),
    "translate-weighted": (
        "translate", ["--train", "pairs.tsv", "--model", "weighted-transformer"], [*TRANSFORMER, *WORDS, FLOAT], []),
    "translate-cho": ("translate", ["--train", "pairs.tsv", "--model", "cho"], [*RECURRENT, *WORDS, FLOAT], []),
    "pretrain-next": ("pretrain", ["--train", "lines.txt"], ["model.embed=12", "model.hidden=12"], []),
    "pretrain-auto": (
        "pretrain", ["--train", "lines.txt", "--model", "autoencoder", "--test", "lines.txt"],
        ["model.embed=12", "model.hidden=12"], []),
    "classify-birnn": (
        "classify", ["--train", "texts.jsonl", "--test", "texts.jsonl", "--model", "birnn"],
        [*RECURRENT, "answer.precision=float32"], []),
    "classify-han": (
        "classify", ["--train", "texts.jsonl", "--valid", "texts.jsonl", "--model", "han"],
        [*RECURRENT, "answer.precision=float32"], []),
    "classify-textcnn": (
        "classify", ["--train", "texts.jsonl", "--model", "textcnn", "--vectors", "words.vec"],
        ["answer.precision=float32"], []),
    "classify-start": (
        "classify", ["--train", "texts.jsonl", "--start", "pretrain-next"], ["answer.precision=float32"], []),
    "classify-folds": (
        "classify", ["--train", "texts.jsonl", "--model", "birnn", "--folds", "2"],
        [*RECURRENT, "answer.precision=float32"], []),
    "match-abcnn3": (
        "match", ["--train", "classes.tsv", "--model", "abcnn3"], ["model.embed=12", "answer.precision=float32"], []),
    "match-esim": (
        "match", ["--train", "relevance.tsv", "--test", "relevance.tsv", "--model", "esim"],
        ["model.text.embed=12", "model.text.hidden=12", "answer.precision=float32"], []),
    "match-siamese": (
        "match", ["--train", "similarity.tsv", "--valid", "similarity.tsv", "--model", "siamese"],
        ["model.text.embed=12", "model.text.hidden=12", "answer.precision=float32"], []),
    "parse-guided": ("parse", ["--train", "trees.mrg", "--test", "trees.mrg"], [*RECURRENT, FLOAT], []),
    "parse-transformer": (
        "parse", ["--train", "trees.mrg", "--valid", "trees.mrg", "--model", "transformer"],
        [*TRANSFORMER, FLOAT], []),
    "chat-rnnsearch": (
        "chat", ["--train", "talks.jsonl", "--test", "talks.jsonl"],
        [*RECURRENT, "data.text.tokeniser=word", FLOAT], []),
    "chat-luong": (
        "chat", ["--train", "talks.jsonl", "--valid", "talks.jsonl", "--model", "luong-feeding"],
        [*RECURRENT, "data.text.tokeniser=word", FLOAT], []),
    "language-transformer": (
        "language-model", ["--train", "lines.txt", "--test", "lines.txt"],
        ["model.width=16", "model.heads=2", "model.feedforward=16", "data.window=16", FLOAT], []),
    "language-lstm": (
        "language-model", ["--train", "lines.txt", "--model", "lstm"],
        [*RECURRENT, "data.documents=line", "data.text.tokeniser=word", "data.window=16", FLOAT], []),
}  # fmt: skip
"""Each task with its kinds of models, with and without files to validate on, and with every option of training."""

RESUMED = ("translate-transformer", "translate-shared", "translate-rnnsearch", "classify-birnn", "language-transformer")
"""Cases that are also stopped half way and resumed."""

HALF, WHOLE = "train.steps=6", "train.steps=12"

ASKED = {"translate": "pairs.tsv", "classify": "texts.jsonl", "pretrain": "lines.txt", "match": "questions.tsv",
         "parse": "sentences.txt", "chat": "sentences.txt", "language-model": "sentences.txt"}  # fmt: skip
SCORED = {"translate": "few.tsv", "classify": "texts.jsonl", "pretrain": "lines.txt", "parse": "trees.mrg",
          "chat": "talks.jsonl", "language-model": "lines.txt"}  # fmt: skip
MATCHED = {"match-abcnn3": "classes.tsv", "match-esim": "relevance.tsv", "match-siamese": "similarity.tsv"}


def write_files(folder: Path) -> None:
    """Made-up files of every kind."""
    draw = random.Random(7)

    def words(count: int, letters: str = "abcdefgh") -> list[str]:
        return [draw.choice(letters) for _ in range(count)]

    pairs = [words(draw.randint(2, 6)) for _ in range(60)]
    lines = [f"{' '.join(own)}\t{' '.join(own[::-1]).upper()}" for own in pairs]
    links = [" ".join(f"{s}-{len(own) - 1 - s}" for s in range(len(own))) for own in pairs]
    texts = [{"text": " ".join([*words(5), ".", *words(4)]), "label": draw.choice(["x", "y", "z"])} for _ in range(60)]
    trees = [f"(S (NP (DT the) (NN {a})) (VP (VB {b}) (NP (NN {a}))) (. .))" for a, b in (words(2) for _ in range(40))]
    talks = [{"turns": [" ".join(words(3)) for _ in range(4)]} for _ in range(40)]
    sides = [(" ".join(words(4)), " ".join(words(5))) for _ in range(60)]
    files = {
        "pairs.tsv": lines,
        "few.tsv": lines[:12],
        "few.align": links[:12],
        "lines.txt": [" ".join(words(8)) for _ in range(80)],
        "texts.jsonl": map(json.dumps, texts),
        "words.vec": [f"{letter} " + " ".join(f"{draw.random():.4f}" for _ in range(10)) for letter in "abcdefg"],
        "trees.mrg": trees,
        "sentences.txt": [" ".join(own) for own in pairs[:10]],
        "talks.jsonl": map(json.dumps, talks),
        "questions.tsv": [f"{a}\t{b}" for a, b in sides[:10]],
        "classes.tsv": ["left\tright\tlabel", *(f"{a}\t{b}\t{draw.choice('xyz')}" for a, b in sides)],
        "relevance.tsv": [
            "left\tright\tlabel\tgroup",
            *(f"{a}\t{b}\t{int(row % 3 == 0)}\tg{row // 3}" for row, (a, b) in enumerate(sides)),
        ],
        "similarity.tsv": ["left\tright\tlabel", *(f"{a}\t{b}\t{draw.random() * 5:.2f}" for a, b in sides)],
    }
    for name, own in files.items():
        (folder / name).write_text("\n".join(own) + "\n", encoding="utf-8")


def command(*words: str) -> str:
    """What a command prints; what it says beside is thrown away unless it fails."""
    from heedful.cli.run import run

    out, said = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(said):
        status = run(list(words))
    if status:
        raise SystemExit(f"heedful {' '.join(words)} ended with {status}:\n{said.getvalue()}")
    return out.getvalue()


def train(name: str, out: str, *last: str) -> None:
    """Trains a case in a folder; `last` are settings that win over its own."""
    task, files, settings, _ = CASES[name]
    words = (word for setting in [*QUICK, *settings, *last] for word in ("--set", setting))
    command("train", task, *files, "--out", out, *words)


def resume(name: str, half: Path, out: Path) -> dict[str, str]:
    """The bits of the weights of a run that is stopped half way in `half`, when it is finished in a copy of it."""
    shutil.copytree(half, out)
    command("train", CASES[name][0], "--resume", "--out", str(out), "--set", WHOLE)
    return weights(out)


def weights(run: Path) -> dict[str, str]:
    """The bits of a run folder's weights."""
    from safetensors.torch import load_file

    tensors = sorted(load_file(run / "model.safetensors").items())
    return {f"weights {key}": hashlib.sha256(value.numpy().tobytes()).hexdigest() for key, value in tensors}


def answers(name: str, folder: Path) -> dict[str, str]:
    """The bits of a run folder's weights, and what it answers."""
    task, _, _, options = CASES[name]
    run = folder / name / ("fold-2" if name.endswith("folds") else "")
    found = weights(run)
    found["predict"] = command("predict", str(run), ASKED[task], "--json")
    scores = json.loads(command("eval", str(run), MATCHED.get(name) or SCORED[task], "--json", *options))
    return found | {f"eval {key}": str(value) for key, value in scores.items() if key not in TIMED}


def work(base: Path | None) -> None:
    """All cases in the working folder, as JSON on standard output; with `base`, also from the folders there."""
    import torch

    torch.set_num_threads(1)
    write_files(Path())
    found: dict[str, dict[str, str]] = {}
    for name in CASES:
        print(name, file=sys.stderr)
        train(name, name)
        found[name] = answers(name, Path())
        if base is not None:
            found[f"{name} of the base"] = answers(name, base)
        if name in RESUMED:
            if base is None:
                train(name, f"{name}-half", HALF)
            half = (base or Path()) / f"{name}-half"
            found[f"{name} resumed"] = resume(name, half, Path(f"{name}-resumed"))
    print(json.dumps(found))


def run_version(code: Path, folder: Path, base: Path | None) -> dict[str, dict[str, str]]:
    """What one version of the code finds."""
    folder.mkdir()
    environment = os.environ | {"PYTHONPATH": str(code), "OMP_NUM_THREADS": "1"}
    words = [sys.executable, str(Path(__file__).resolve()), "--work", *([str(base)] if base else [])]
    done = subprocess.run(words, cwd=folder, env=environment, stdout=subprocess.PIPE, check=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def compare(commit: str) -> int:
    """Prints every difference between a commit and this checkout; returns the exit status."""
    with tempfile.TemporaryDirectory() as folder:
        old_code, old, new = (Path(folder) / name for name in ("code", "old", "new"))
        subprocess.run(["git", "-C", ROOT, "worktree", "add", "--quiet", "--detach", old_code, commit], check=True)
        try:
            before = run_version(old_code, old, None)
            after = run_version(ROOT, new, old)
        finally:
            subprocess.run(["git", "-C", ROOT, "worktree", "remove", "--force", old_code], check=True)
    different = 0
    for name, found in after.items():
        expected = before[name.removesuffix(" of the base")]
        wrong = [key for key in expected.keys() | found.keys() if expected.get(key) != found.get(key)]
        different += bool(wrong)
        tensors = sum(key.startswith("weights") for key in expected)
        print(f"{name:<36} {tensors:>3} tensors  {'equal' if not wrong else f'DIFFERENT: {sorted(wrong)}'}")
    print(f"{len(after) - different} of {len(after)} equal to {commit}")
    return int(different > 0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("commit", nargs="?", help="the commit to compare with")
    parser.add_argument("--work", nargs="?", const="", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.work is not None:
        work(Path(given.work) if given.work else None)
    elif given.commit:
        sys.exit(compare(given.commit))
    else:
        parser.error("expected a commit to compare with")
