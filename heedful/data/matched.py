"""Labelled pairs of texts, from files to batches: paraphrases, answers to questions, similar sentences."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from heedful.data.batch import padded
from heedful.data.columns import check_first_row
from heedful.data.pairs import single_line
from heedful.data.table import Columns, is_first_row, iterate_rows
from heedful.data.tensors import TensorBatch, share_of
from heedful.errors import UserError

COLUMNS = Columns(("left", "right", "label"), ("group",), scalars=("label", "group"))
"""The columns of a training file, in this order where it has no header."""

INPUT_COLUMNS = Columns(("left", "right"), ("label", "group"), scalars=("label", "group"))
"""The columns of a file to predict: the label is optional."""


@dataclass(frozen=True, slots=True)
class Match:
    """Two texts, their label as written in the file, and the "file:line" they came from.

    Pairs of one `group` are ranked against each other, as the answers to one question. Without a column `group`, all
    pairs with the same left text form a group. `label` is empty where the file has none.
    """

    left: str
    right: str
    label: str
    group: str
    where: str

    @property
    def is_empty(self) -> bool:
        """Whether a side has no text."""
        return not self.left or not self.right


def read_matches(path: Path, columns: Columns = COLUMNS) -> list[Match]:
    """Reads pairs from a .csv, .jsonl or tab-separated file, optionally .gz; `INPUT_COLUMNS` is for unlabelled ones.

    Pairs with an empty side are kept.
    Raises: UserError with file:line and what was expected, for a malformed row or an empty file.
    """
    pairs = list(iterate_matches(path, columns))
    if not pairs:
        raise UserError("the file is empty", where=str(path), hint=f"expected the columns {columns.listed}")
    if columns.names == COLUMNS.names and is_first_row(pairs[0].where):
        first = pairs[0]
        labels = [pair.label for pair in pairs]
        check_first_row((first.left, first.right, first.label), labels, columns, where=first.where)
    return pairs


def iterate_matches(path: Path, columns: Columns = COLUMNS) -> Iterator[Match]:
    """Yields pairs one by one; the path "-" is standard input, tab-separated.

    Where no label is needed, a blank line is a pair of empty texts, so that there are as many pairs as lines.
    Raises: as `read_matches`.
    """
    for row in iterate_rows(path, columns):
        is_labelled = "label" in columns.names
        if is_labelled and not row.cells:
            continue
        left, right, label, group = map(single_line, row.cells or ("",) * len(columns.known))
        where = f"{path}:{row.line}"
        if is_labelled and not label:
            raise UserError("this pair has no label", where=where, hint="give each pair a label")
        yield Match(left, right, label, group or left, where)


@dataclass(frozen=True, slots=True)
class MatchExample:
    """Token ids of two texts, the label as a number (None: unknown), and extra features of the pair."""

    left: list[int]
    right: list[int]
    label: float | None = None
    features: tuple[float, ...] = ()


@dataclass(frozen=True)
class MatchBatch(TensorBatch):
    """Pairs of texts as padded tensors. B rows, S longest left text, T longest right text, F features per pair.

    `labels` has R entries: R = B, or 0 where no label is known. `rows` are the indices of the examples.
    `tokens_total` counts the pairs of the whole batch over all ranks; a step divides its summed loss by it.
    """

    left: Int64[Tensor, "B S"]
    left_lengths: Int64[Tensor, " B"]
    right: Int64[Tensor, "B T"]
    right_lengths: Int64[Tensor, " B"]
    features: Float[Tensor, "B F"]
    labels: Float[Tensor, " R"]
    rows: list[int]
    tokens_total: int


def collate_matches(
    examples: Sequence[MatchExample], rows: Sequence[int] | None = None, *, all_rows: Sequence[int] | None = None
) -> MatchBatch:
    """Collates the examples at the indices `rows` (default: all) into one padded batch.

    `all_rows` are the indices of the whole batch over all ranks, when `rows` is one rank's share of it. A rank whose
    share is empty gets a copy of the batch's first pair without a label. It then takes part in the step and
    contributes nothing to the loss or the gradients.

    Raises: ValueError, when `rows` and `all_rows` are empty, or only some of the pairs have a label.
    """
    rows, whole = share_of(len(examples), rows, all_rows)
    chosen = [examples[row] for row in rows or whole[:1]]
    # A rank whose share is empty computes the batch's first pair, whose label must not count.
    labels = [example.label for example in chosen if example.label is not None and rows]
    if len(labels) not in (0, len(chosen)):
        raise ValueError(f"{len(labels)} of {len(chosen)} pairs of a batch have a label: expected all or none")
    left, left_lengths = padded([example.left for example in chosen])
    right, right_lengths = padded([example.right for example in chosen])
    features = torch.tensor([example.features for example in chosen], dtype=torch.float32).reshape(len(chosen), -1)
    return MatchBatch(
        left,
        left_lengths,
        right,
        right_lengths,
        features,
        torch.tensor(labels, dtype=torch.float32),
        rows,
        len(whole),
    )


def match_lengths(examples: Sequence[MatchExample]) -> list[tuple[int, int]]:
    """The lengths of both sides of each example, as `BatchPlan` expects them."""
    return [(len(example.left), len(example.right)) for example in examples]
