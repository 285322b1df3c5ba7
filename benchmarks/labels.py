"""Classification with very many labels: speed, memory and accuracy of our models beside fastText, on made-up titles.

python benchmarks/labels.py --titles 1000000 --labels 20000 --minutes 10 --contenders words fasttext-ova

Each contender runs in a process of its own, with the same files and the same number of threads. fastText is used if it
can be imported (pip install fasttext-wheel). Peak memory is the largest resident set of the whole process, so that it
includes reading the files and, for ours, PyTorch.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from heedful.data.corpus.titles import Shop
from heedful.metric.classes import count_classes, macro_f1

OURS = {
    "words": {},
    "words-sampled": {"model": {"output": "sampled"}},
    "words-hierarchical": {"model": {"output": "hierarchical"}},
    "textcnn": {},
    "textcnn-sampled": {"model": {"output": "sampled"}},
    "birnn": {},
    "birnn-sampled": {"model": {"output": "sampled"}},
}
"""Our contenders, as MODEL or MODEL-OUTPUT, with their settings."""
FASTTEXT = {"fasttext-softmax": "softmax", "fasttext-hs": "hs", "fasttext-ns": "ns"}
"""fastText's losses: all labels, a Huffman tree, negative sampling."""
BEST = (1, 3, 5)
COLUMNS = (
    *("texts_per_second", "accuracy_at_1", "accuracy_at_3", "accuracy_at_5", "macro_f1"),
    *("peak_gb", "minutes", "cpu_minutes", "epochs", "validation_over_forward"),
)


def main() -> None:
    """Writes the files, runs each contender and prints a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--titles", type=int, default=100_000, help="training titles")
    parser.add_argument("--labels", type=int, default=2000)
    parser.add_argument("--held-out", type=int, default=10_000, help="titles of the validation and of the test set")
    parser.add_argument("--minutes", type=float, default=2.0, help="the longest training of ours")
    parser.add_argument("--steps", type=int, help="steps of ours")
    parser.add_argument("--valid-every", type=int, help="steps of ours between validations")
    parser.add_argument("--tokens", type=int, default=4096, help="padded tokens of a batch of ours")
    parser.add_argument("--rate", type=float, default=5e-3, help="the highest learning rate of ours")
    parser.add_argument("--epochs", type=int, default=5, help="the most epochs")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--contenders", nargs="+", default=["words", "words-sampled", "fasttext-softmax"])
    parser.add_argument("--folder", type=Path, default=Path("runs/labels"), help="for files and run folders")
    parser.add_argument("--only", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.only:
        print(json.dumps(contender(chosen.only, chosen)))
        return
    write_files(chosen)
    print(f"| contender | {' | '.join(COLUMNS)} |\n|{'---|' * (len(COLUMNS) + 1)}")
    for name in chosen.contenders:
        words = [sys.executable, *sys.argv, "--only", name]
        # The command `heedful` sets this too: threads that wait sleep soon, so that other work slows it down less.
        environment = {"GOMP_SPINCOUNT": "3000"} | os.environ
        done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=False, env=environment)
        if done.returncode:
            print(f"| {name} | failed with status {done.returncode} |")
            continue
        numbers = json.loads(done.stdout.splitlines()[-1])
        cells = (numbers.get(column, "") for column in COLUMNS)
        print(f"| {name} | {' | '.join(f'{c:.4g}' if isinstance(c, float) else str(c) for c in cells)} |", flush=True)


def write_files(chosen: argparse.Namespace) -> None:
    """The training, validation and test files, as tables and as fastText reads them; files that exist are kept."""
    shop = Shop(chosen.labels)
    sizes = {"train": chosen.titles, "valid": chosen.held_out, "test": chosen.held_out}
    for stream, (split, count) in enumerate(sizes.items()):
        table = file_of(chosen, split)
        if table.exists():
            continue
        table.parent.mkdir(parents=True, exist_ok=True)
        begin = time.perf_counter()
        with table.open("w") as rows, table.with_suffix(".fasttext").open("w") as lines:
            rows.write("text\tlabel\n")
            for title in islice(shop.titles(stream), count):
                rows.write(f"{title.text}\t{title.label}\n")
                lines.write(f"__label__{title.label} {title.text}\n")
        print(f"{table}: {count} titles in {time.perf_counter() - begin:.0f} s", file=sys.stderr)


def file_of(chosen: argparse.Namespace, split: str) -> Path:
    """The table of a split."""
    return chosen.folder / f"{chosen.titles}-{chosen.labels}" / f"{split}.tsv"


def contender(name: str, chosen: argparse.Namespace) -> dict[str, Any]:
    """Trains one contender in this process; its numbers by name."""
    begin, used = time.perf_counter(), time.process_time()
    numbers = fasttext_numbers(name, chosen) if name in FASTTEXT else our_numbers(name, chosen)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    minutes = {"minutes": time.perf_counter() - begin, "cpu_minutes": time.process_time() - used}
    return numbers | {"peak_gb": peak} | {name: seconds / 60 for name, seconds in minutes.items()}


def our_numbers(name: str, chosen: argparse.Namespace) -> dict[str, Any]:
    """Speed in training, scores on the test file, and the time of a validation beside that of its forward passes."""
    import torch

    import heedful
    from heedful.data.labelled import read_labelled
    from heedful.task.settings import join_settings

    torch.set_num_threads(chosen.threads)
    train = {
        "minutes": chosen.minutes,
        "epochs": chosen.epochs,
        "tokens": chosen.tokens,
        "average": 1,
        "rate": chosen.rate,
    }
    train |= {"steps": chosen.steps, "valid_every": chosen.valid_every}
    settings = join_settings({"train": train, "data": {"max_length": 30}}, OURS[name])
    out = file_of(chosen, "train").parent / f"run-{name}-{time.time_ns()}"
    trained = heedful.fit(
        "classify",
        file_of(chosen, "train"),
        valid=file_of(chosen, "valid"),
        model=name.partition("-")[0],
        settings=settings,
        out=out,
    )
    numbers: dict[str, Any] = {"texts_per_second": trained.fit.tokens_per_second, "steps": trained.fit.steps}
    seen = trained.fit.tokens_per_second * trained.fit.seconds
    numbers["epochs"] = round(seen / chosen.titles, 2)
    scores = heedful.evaluate(trained.predictor, file_of(chosen, "test"))
    numbers |= {f"accuracy_at_{k}": scores["accuracy" if k == 1 else f"accuracy_at_{k}"] for k in BEST}
    valid = read_labelled([file_of(chosen, "valid")])
    return numbers | {"macro_f1": scores["macro_f1"]} | validation_numbers(trained.predictor, valid)


def validation_numbers(classifier: Any, texts: list[Any]) -> dict[str, float]:
    """Seconds of a validation and of its forward passes alone; the least of three of each, taken in turns."""
    from heedful.data.document import as_document
    from heedful.data.labels import class_numbers
    from heedful.data.packed import PackedDocuments
    from heedful.task.classify.score import scored_documents

    numbers, _ = class_numbers(texts, classifier.labels, "texts")
    documents = PackedDocuments(
        as_document(text.text, classifier.tokeniser, longest=30, label=number)[0]
        for text, number in zip(texts, numbers, strict=True)
    )
    seconds: dict[str, list[float]] = {"forward": [], "validation": []}
    for _ in range(3):
        for what, taken in seconds.items():
            begin = time.perf_counter()
            if what == "forward":
                classifier.score_batches(documents, lambda rows, scores: None)
            else:
                scored_documents(classifier, documents)
            taken.append(time.perf_counter() - begin)
    least = {f"{what}_seconds": min(taken) for what, taken in seconds.items()}
    return least | {"validation_over_forward": least["validation_seconds"] / least["forward_seconds"]}


def fasttext_numbers(name: str, chosen: argparse.Namespace) -> dict[str, Any]:
    """Trains fastText with bigrams, for all epochs, and scores it on the same test file."""
    import fasttext  # pyright: ignore[reportMissingImports]

    train, test = (str(file_of(chosen, split).with_suffix(".fasttext")) for split in ("train", "test"))
    begin = time.perf_counter()
    model = fasttext.train_supervised(
        train, loss=FASTTEXT[name], epoch=chosen.epochs, thread=chosen.threads, wordNgrams=2, lr=0.5, dim=100,
        bucket=200_000, verbose=0,
    )  # fmt: skip
    seconds = time.perf_counter() - begin
    labels = {label: number for number, label in enumerate(model.get_labels())}
    gold: list[int] = []
    texts: list[str] = []
    for line in Path(test).read_text().splitlines():
        label, _, text = line.partition(" ")
        gold.append(labels.get(label, -1))
        texts.append(text)
    begin = time.perf_counter()
    answers, _ = model.predict(texts, k=max(BEST))
    ranked = [[labels[label] for label in answer] for answer in answers]
    numbers: dict[str, Any] = {
        f"accuracy_at_{k}": float(np.mean([label in row[:k] for label, row in zip(gold, ranked, strict=True)]))
        for k in BEST
    }
    numbers["macro_f1"] = macro_f1(count_classes([row[0] for row in ranked], gold, len(labels)))
    numbers["predicted_per_second"] = len(texts) / (time.perf_counter() - begin)
    return numbers | {"texts_per_second": chosen.epochs * chosen.titles / seconds, "epochs": float(chosen.epochs)}


if __name__ == "__main__":
    main()
