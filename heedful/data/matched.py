"""Pairs of texts with a label, from .tsv, .csv or .jsonl to batches: for paraphrases, answers, similar sentences."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from heedful.data.batch import padded
from heedful.data.pairs import tidy
from heedful.data.table import Columns, read_rows
from heedful.errors import UserError

COLUMNS = Columns(("left", "right", "label"), ("group",), values=("label", "group"))
"""What a file to learn from has; in this order where no first line names them."""

QUESTIONS = Columns(("left", "right"), ("label", "group"), values=("label", "group"))
"""What a file to answer has: the label may be missing."""


@dataclass(frozen=True, slots=True)
class Match:
    """Two texts, what a person said of them, and the "file:line" they came from.

    Pairs of one `group` are ranked against each other: the answers to a question; without a column of that name a
    group is all pairs with the same left text. `label` is empty where the file has none.
    """

    left: str
    right: str
    label: str
    group: str
    where: str

    @property
    def is_empty(self) -> bool:
        """Whether a side is missing, so that there is nothing to compare."""
        return not self.left or not self.right


def read_matches(path: Path, columns: Columns = COLUMNS) -> list[Match]:
    """Reads pairs with labels: .csv, .jsonl, or tab-separated, each also .gz; `QUESTIONS` for pairs without.

    Pairs with an empty side stay in. Raises: UserError with file:line and what was expected, for what is no such row.
    """
    found = list(iterate_matches(path, columns))
    if not found:
        raise UserError("the file is empty", where=str(path), hint=f"expected the columns {columns.listed}")
    return found


def iterate_matches(path: Path, columns: Columns = COLUMNS) -> Iterator[Match]:
    """The same one by one, as they come; a path "-" is standard input, tab-separated. Raises: as `read_matches`."""
    for row in read_rows(path, columns):
        left, right, label, group = map(tidy, row.cells)
        where = f"{path}:{row.line}"
        if "label" in columns.names and not label:
            raise UserError("this pair has no label", where=where, hint="give each pair its label")
        yield Match(left, right, label, group or left, where)


@dataclass(frozen=True, slots=True)
class MatchExample:
    """The ids of two texts, the label as a number (None: not known), and what is known of the pair besides."""

    left: list[int]
    right: list[int]
    label: float | None = None
    features: tuple[float, ...] = ()


@dataclass(frozen=True)
class MatchBatch:
    """Pairs of texts side by side. B rows, S the longest left and T the longest right text; F features a pair.

    PAD stands beyond a text's end. `labels` are those of the first R rows: all B, or none where none are known. `rows`
    says which examples these are. `tokens_total` counts the pairs of the WHOLE batch over all ranks, by which a step's
    summed loss is divided.
    """

    left: Int64[Tensor, "B S"]
    left_lengths: Int64[Tensor, " B"]
    right: Int64[Tensor, "B T"]
    right_lengths: Int64[Tensor, " B"]
    features: Float[Tensor, "B F"]
    labels: Float[Tensor, " R"]
    rows: list[int]
    tokens_total: int

    def to(self, device: torch.device | str, non_blocking: bool = False) -> "MatchBatch":
        """The same batch on another device."""
        return replace(
            self, **{name: tensor.to(device, non_blocking=non_blocking) for name, tensor in self._tensors().items()}
        )

    def pin_memory(self) -> "MatchBatch":
        """The same batch in page-locked memory, from where a GPU copies faster."""
        return replace(self, **{name: tensor.pin_memory() for name, tensor in self._tensors().items()})

    def _tensors(self) -> dict[str, Tensor]:
        return {name: value for name, value in vars(self).items() if isinstance(value, Tensor)}


def collate_matches(
    examples: Sequence[MatchExample], rows: Sequence[int] | None = None, *, everyone: Sequence[int] | None = None
) -> MatchBatch:
    """Puts the given rows of `examples` (all without `rows`) side by side.

    `everyone` names the rows of the whole batch over all ranks. A rank whose share is empty gets a copy of the batch's
    first pair without a label: it takes part in the step, and adds nothing to loss or gradients.

    Raises: ValueError, when there is no row at all, or only some of them have a label.
    """
    rows = list(range(len(examples)) if rows is None else rows)
    whole = rows if everyone is None else everyone
    if not whole:
        raise ValueError("a batch needs at least one row")
    chosen = [examples[row] for row in rows or whole[:1]]
    labels = [one.label for one in chosen if one.label is not None and rows]
    if len(labels) not in (0, len(chosen)):
        raise ValueError(f"{len(labels)} of {len(chosen)} pairs of a batch have a label: expected all or none")
    left, left_lengths = padded([one.left for one in chosen])
    right, right_lengths = padded([one.right for one in chosen])
    features = torch.tensor([one.features for one in chosen], dtype=torch.float32).reshape(len(chosen), -1)
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
    """The lengths of both sides of each example, as `BatchPlan` takes them."""
    return [(len(one.left), len(one.right)) for one in examples]
