"""Splits training examples: a share held out for validation, or folds for cross-validation."""

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from heedful.errors import UserError

T = TypeVar("T")
Raw = TypeVar("Raw")


@dataclass(frozen=True)
class HeldOut(Generic[Raw]):
    """Training and held-out examples, each in the order of the file, and a line that says how many."""

    train: Raw
    valid: Raw
    note: str


@dataclass(frozen=True)
class Strata:
    """How examples are stratified and grouped when they are split.

    `kinds` are the strata; every split gets some examples of each kind. None means a single kind. Examples of the same
    group in `groups` stay together, and the group counts as the rarest kind in it. Examples that are not `usable` stay
    in training. `what`, the name of the examples, and `hint` are used in messages.
    """

    what: str = "examples"
    kinds: Sequence[str] | None = None
    groups: Sequence[Hashable] | None = None
    usable: Sequence[bool] | None = None
    hint: str | None = None

    def members(self, count: int) -> list[list[int]]:
        """The rows of each group of usable examples, in the order in which groups first appear."""
        usable = (row for row in range(count) if self.usable is None or self.usable[row])
        if self.groups is None:
            return [[row] for row in usable]
        rows_of: dict[Hashable, list[int]] = {}
        for row in usable:
            rows_of.setdefault(self.groups[row], []).append(row)
        return list(rows_of.values())

    def kinds_of(self, rows: Sequence[int]) -> set[str]:
        """The kinds of these examples."""
        return {self.kinds[row] if self.kinds else "" for row in rows}

    def kinds_of_groups(self, groups: Sequence[Sequence[int]]) -> list[set[str]]:
        """The kinds of each group; groups of the same kinds share one set, since a million sets take 200 MB."""
        shared: dict[frozenset[str], set[str]] = {}
        return [shared.setdefault(frozenset(kinds), kinds) for kinds in map(self.kinds_of, groups)]


def hold_out(examples: Sequence[T], share: float, seed: int, *, strata: Strata) -> HeldOut[list[T]]:
    """Holds out a share of each kind, at least one group, drawn with the seed.

    Some example of every kind stays in training: a kind that occurs in one group only is not held out.
    Raises: UserError, when nothing can be held out.
    """
    groups = strata.members(len(examples))
    usable = sum(map(len, groups))
    drawn = _drawn(strata.kinds_of_groups(groups), share, seed)
    held = {row for index in drawn for row in groups[index]}
    if not held:
        raise UserError(
            f"{usable} {strata.what} are too few to hold some out for validation",
            hint=strata.hint or f"give {strata.what} to validate on with --valid",
        )
    learnt = {row for rows in groups for row in rows} - held
    # Unusable examples go to the end of the training set. `Task.prepare` reports and drops them.
    order = [*sorted(learnt), *sorted(set(range(len(examples))) - learnt - held)]
    return HeldOut(
        [examples[row] for row in order],
        [examples[row] for row in sorted(held)],
        f"validation: {len(held)} of {usable} training {strata.what}, held out",
    )


def deal_folds(count: int, folds: int, seed: int, *, strata: Strata, in_order: bool) -> list[int]:
    """The fold of each of `count` examples. Every kind is spread evenly over the folds, drawn with the seed.

    With `in_order`, each kind is cut into consecutive examples instead, as in data sets whose folds are given by file
    names. Unusable examples get fold -1, which is never tested.
    Raises: UserError, for fewer than two folds, or more folds than there are groups of some kind.
    """
    groups = strata.members(count)
    by_kind: dict[str, list[list[int]]] = {}
    for rows in groups:
        by_kind.setdefault(min(strata.kinds_of(rows)), []).append(rows)
    rarest = min(by_kind, key=lambda kind: len(by_kind[kind]), default="")
    fewest = len(by_kind.get(rarest, ()))
    if folds < 2 or folds > fewest:
        label = f" have the label {rarest!r}" if strata.kinds else " there are"
        raise UserError(
            f"{folds} folds of {strata.what} of which {fewest}{label}",
            hint=f"expected at least 2 folds, and no more than there are {strata.what} of the rarest kind",
        )
    random = np.random.default_rng(seed)
    fold_of = [-1] * count
    for _, members in sorted(by_kind.items()):
        order = range(len(members)) if in_order else random.permutation(len(members)).tolist()
        for position, group in enumerate(order):
            for row in members[group]:
                # The parts of a kind differ by at most one group in size.
                fold_of[row] = position * folds // len(members)
    return fold_of


def _drawn(groups: Sequence[set[str]], share: float, seed: int) -> list[int]:
    """Draws a share of the groups, each described by its kinds, so that some group of every kind is left."""
    staying = Counter(kind for kinds in groups for kind in kinds)  # by kind, the groups that are not drawn
    of_kind: dict[str, list[int]] = {}
    # A group of several kinds counts as the rarest of them; names break ties, since sets have no fixed order.
    for index, kinds in enumerate(groups):
        of_kind.setdefault(min(kinds, key=lambda kind: (staying[kind], kind)), []).append(index)
    random = np.random.default_rng(seed)
    drawn: list[int] = []
    for _, members in sorted(of_kind.items()):
        needed = max(1, round(share * len(members)))
        for index in (members[position] for position in random.permutation(len(members))):
            if needed and all(staying[kind] > 1 for kind in groups[index]):
                staying.subtract(groups[index])
                drawn.append(index)
                needed -= 1
    return drawn
