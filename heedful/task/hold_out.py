"""Training examples put aside for validation, where the user gives none."""

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
    """Examples to learn from, examples held out, each in the order of the file; and a line that tells how many."""

    train: Raw
    valid: Raw
    note: str


@dataclass(frozen=True)
class Strata:
    """Which examples are alike, and which belong together.

    Examples have `kinds`, of each of which validation gets some; without them all are of one kind. Examples of one of
    `groups` stay together, and count as the rarest kind among them. Those that are not `usable` stay in training. What
    the examples are called, and a `hint`, are for messages.
    """

    what: str = "examples"
    kinds: Sequence[str] | None = None
    groups: Sequence[Hashable] | None = None
    usable: Sequence[bool] | None = None
    hint: str | None = None

    def members(self, count: int) -> list[list[int]]:
        """The rows of each group of usable examples, in the order in which groups first come."""
        found: dict[Hashable, list[int]] = {}
        for row in range(count):
            if self.usable is None or self.usable[row]:
                found.setdefault(row if self.groups is None else self.groups[row], []).append(row)
        return list(found.values())

    def kinds_of(self, rows: Sequence[int]) -> set[str]:
        """The kinds of some examples."""
        return {self.kinds[row] if self.kinds else "" for row in rows}


def hold_out(examples: Sequence[T], share: float, seed: int, *, strata: Strata) -> HeldOut[list[T]]:
    """Holds out a share of each kind of example, at least one, drawn by the seed.

    Of every kind some example stays, so that a kind of a single group has none to spare.
    Raises: UserError, when none can be held out.
    """
    groups = strata.members(len(examples))
    usable = sum(map(len, groups))
    drawn = _drawn([strata.kinds_of(rows) for rows in groups], share, seed)
    chosen = {row for place in drawn for row in groups[place]}
    if not chosen:
        raise UserError(
            f"{usable} {strata.what} are too few to hold some out for validation",
            hint=strata.hint or f"give {strata.what} to validate on with --valid",
        )
    learnt = {row for rows in groups for row in rows} - chosen
    order = [*sorted(learnt), *sorted(set(range(len(examples))) - learnt - chosen)]  # what cannot be used comes last
    return HeldOut(
        [examples[row] for row in order],
        [examples[row] for row in sorted(chosen)],
        f"validation: {len(chosen)} of {usable} training {strata.what}, held out",
    )


def deal_folds(count: int, folds: int, seed: int, *, strata: Strata, in_order: bool) -> list[int]:
    """The fold that tests each of `count` examples: every kind is dealt out evenly, drawn by the seed.

    With `in_order` a kind is cut into runs of examples as they stand in the files, as sets do whose folds are told by
    file names. Examples that are not usable are in fold -1, which none tests.
    Raises: UserError, for fewer than two folds, or more than there are groups of a kind.
    """
    groups = strata.members(count)
    by_kind: dict[str, list[list[int]]] = {}
    for rows in groups:
        by_kind.setdefault(min(strata.kinds_of(rows)), []).append(rows)
    rarest = min(by_kind, key=lambda kind: len(by_kind[kind]), default="")
    most = len(by_kind.get(rarest, ()))
    if folds < 2 or folds > most:
        label = f" have the label {rarest!r}" if strata.kinds else " there are"
        raise UserError(
            f"{folds} folds of {strata.what} of which {most}{label}",
            hint=f"expected 2 folds or more, and no more than {strata.what} of the rarest kind",
        )
    random = np.random.default_rng(seed)
    found = [-1] * count
    for _, members in sorted(by_kind.items()):
        order = range(len(members)) if in_order else random.permutation(len(members)).tolist()
        for place, group in enumerate(order):
            for row in members[group]:
                found[row] = place * folds // len(members)
    return found


def _drawn(groups: Sequence[set[str]], share: float, seed: int) -> list[int]:
    """Places of groups, given by the kinds that are in them, so that each kind is left in some other group."""
    staying = Counter(kind for own in groups for kind in own)  # how many groups that are not drawn have it
    of_kind: dict[str, list[int]] = {}
    for place, own in enumerate(groups):
        of_kind.setdefault(min(own, key=lambda kind: (staying[kind], kind)), []).append(place)
    random = np.random.default_rng(seed)
    drawn: list[int] = []
    for _, places in sorted(of_kind.items()):
        wanted = max(1, round(share * len(places)))
        for place in (places[index] for index in random.permutation(len(places))):
            if wanted and all(staying[kind] > 1 for kind in groups[place]):
                staying.subtract(groups[place])
                drawn.append(place)
                wanted -= 1
    return drawn
