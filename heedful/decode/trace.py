"""The tree of partial outputs that a search grows, and the way back from its ends."""

from dataclasses import dataclass

from jaxtyping import Float, Int
from torch import Tensor

from heedful.decode.hypothesis import Hypothesis


@dataclass(frozen=True)
class Ends:
    """Outputs by where they end in the tree: the level (their number of tokens) and the row in it."""

    score: Float[Tensor, "*N"]
    log_probability: Float[Tensor, "*N"]
    level: Int[Tensor, "*N"]
    row: Int[Tensor, "*N"]


class Trace:
    """Which token followed which output: a search appends levels, and reads whole outputs back at its end.

    Level t holds the outputs of t tokens that were alive. `grow` adds a level of rows, each one token longer than its
    parent in the level before. Nothing is reordered as the search goes on: copying every output at every step would
    take time that grows with the square of the length.
    """

    def __init__(self) -> None:
        self._parents: list[Tensor] = []
        self._tokens: list[Tensor] = []
        self._attention: list[Tensor] = []

    def record(self, attention: Float[Tensor, "R S"]) -> None:
        """Records where the rows of the newest level look for their next tokens: its first R rows, the only ones."""
        self._attention.append(attention)

    def grow(self, parents: Int[Tensor, " N"], tokens: Int[Tensor, " N"]) -> None:
        """Adds a level: the row that each new row continues, and the token that it adds."""
        self._parents.append(parents)
        self._tokens.append(tokens)

    def read(self, ends: Ends) -> list[Hypothesis]:
        """The outputs that end there, in order."""
        tokens, attention = self._follow(ends)
        columns = (tokens, ends.level, ends.score, ends.log_probability)
        return [
            Hypothesis(
                tokens=ids[:level],
                score=score,
                log_probability=log_probability,
                attention=None if attention is None else attention[row, :level].clone(),
            )
            for row, (ids, level, score, log_probability) in enumerate(
                zip(*(column.tolist() for column in columns), strict=True)
            )
        ]

    def _follow(self, ends: Ends) -> tuple[Int[Tensor, "N T"], Float[Tensor, "N T S"] | None]:
        """All outputs at once, from the last level to the first."""
        count, deepest = ends.level.shape[0], int(ends.level.max())
        tokens = ends.row.new_zeros(count, deepest)
        attention = None
        if self._attention:
            first = self._attention[0]
            attention = first.new_zeros(count, deepest, first.shape[1])
        row = ends.row.clone()
        for level in reversed(range(deepest)):
            # Outputs end at different levels: an output joins the walk where it ends, and is passed by above that.
            reached = (ends.level > level).nonzero().squeeze(1)
            here = row[reached]
            parent = self._parents[level][here]
            tokens[reached, level] = self._tokens[level][here]
            if attention is not None:
                attention[reached, level] = self._attention[level][parent]
            row[reached] = parent
        return tokens, attention
