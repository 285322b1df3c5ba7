"""Training examples put aside for validation, where the user gives none."""

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from heedful.errors import UserError

T = TypeVar("T")


@dataclass(frozen=True)
class Parted(Generic[T]):
    """Examples to learn from, examples held out, each as they stood; and a line that tells how many those are."""

    train: list[T]
    valid: list[T]
    note: str


def hold_out(
    examples: Sequence[T],
    share: float,
    seed: int,
    *,
    what: str,
    kinds: Sequence[str] | None = None,
    groups: Sequence[Hashable] | None = None,
    hint: str | None = None,
) -> Parted[T]:
    """Holds out a share of each kind of example, at least one, drawn by the seed.

    Examples of one group go together, and count as the rarest kind among them. Of every kind some example stays, so
    that a kind of a single group has none to spare. Without `kinds` all are of one, without `groups` each is alone.
    `what` the examples are called, and `hint`, are for messages.
    Raises: UserError, when none can be held out.
    """
    members: dict[Hashable, list[int]] = {}
    for row, group in enumerate(range(len(examples)) if groups is None else groups):
        members.setdefault(group, []).append(row)
    whole = list(members.values())
    drawn = _drawn([{kinds[row] if kinds else "" for row in rows} for rows in whole], share, seed)
    chosen = {row for place in drawn for row in whole[place]}
    if not chosen:
        raise UserError(
            f"{len(examples)} {what} are too few to hold some out for validation",
            hint=hint or f"give {what} to validate on with --valid",
        )
    kept, held = ([one for row, one in enumerate(examples) if (row in chosen) == side] for side in (False, True))
    return Parted(kept, held, f"validation: {len(held)} of {len(examples)} training {what}, held out")


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
