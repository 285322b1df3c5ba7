"""Seconds of CPU that search takes, and what a record of where the model looks adds: Multi30k's sizes, random weights.

python benchmarks/decode.py --turns 5
"""

import argparse
import statistics
import time

import torch
from torch import Tensor

from heedful.decode import search
from heedful.machine import describe, keep_large_buffers
from heedful.model.seq2seq import SeqToSeq, SeqToSeqConfig
from heedful.model.transformer import Transformer, TransformerConfig

PIECES, SENTENCES, LONGEST, OUTPUT = 8000, 32, 24, 20


def main() -> None:
    """Prints a row for each model and width of the beam, the ways of searching taken in turns."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--turns", type=int, default=5, help="how often each is called")
    given = parser.parse_args()
    torch.set_num_threads(1)
    keep_large_buffers()
    print(f"{describe()}, 1 thread; medians of {given.turns} turns, seconds of CPU.\n")
    print("| model | beam | search | with attention recorded |")
    print("|---|---|---|---|")
    for name, model in models().items():
        for size in (1, 5):
            print(row(name, model, size, given.turns), flush=True)


def models() -> dict[str, Transformer | SeqToSeq]:
    """The two models of the Multi30k recipes, which say something else at every step and seldom end."""
    torch.manual_seed(1)
    found = {
        "transformer": Transformer.for_texts(TransformerConfig(), PIECES, PIECES).eval(),
        "rnnsearch": SeqToSeq.for_texts(SeqToSeqConfig(), PIECES, PIECES).eval(),
    }
    for model in found.values():
        model.requires_grad_(False)
    return found


def sentences() -> tuple[Tensor, Tensor]:
    """Sources of unequal lengths."""
    generator = torch.Generator().manual_seed(2)
    source = torch.randint(4, PIECES, (SENTENCES, LONGEST), generator=generator)
    return source, torch.randint(8, LONGEST + 1, (SENTENCES,), generator=generator)


def row(name: str, model: Transformer | SeqToSeq, size: int, turns: int) -> str:
    """A row of the table."""
    source, lengths = sentences()
    seconds: dict[bool, list[float]] = {False: [], True: []}
    for turn in range(turns + 1):
        for attention, taken in seconds.items():
            begin = time.process_time()
            search(model, model.encode(source, lengths), size=size, attention=attention, max_length=OUTPUT)
            if turn:  # the first warms up
                taken.append(time.process_time() - begin)
    plain, recorded = (statistics.median(taken) for taken in seconds.values())
    return f"| {name} | {size} | {plain:.3f} | {recorded / plain:.2f} x |"


if __name__ == "__main__":
    main()
