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
    """Who said what after whom, and where each looked for it: a search appends, and reads back at its end.

    Level t holds the outputs of t tokens that were alive. `look` notes where each row of the newest level looked for
    its next token; `grow` adds a level of rows, each one token longer than its parent in the level before. Nothing is
    reordered as the search goes on.
    """

    def __init__(self) -> None:
        self._parents: list[Tensor] = []
        self._tokens: list[Tensor] = []
        self._attention: list[Tensor] = []

    def look(self, attention: Float[Tensor, "R S"] | None) -> None:
        """Where each row looks for its next token."""
        if attention is not None:
            self._attention.append(attention)

    def grow(self, parents: Int[Tensor, " N"], tokens: Int[Tensor, " N"]) -> None:
        """The next level: whose row each new row continues, and the token it says."""
        self._parents.append(parents)
        self._tokens.append(tokens)

    def read(self, ends: Ends, lengths: Int[Tensor, " N"]) -> list[Hypothesis]:
        """The outputs that end as given; `lengths` are those of their sources."""
        tokens, attention = self._follow(ends)
        columns = zip(
            tokens.tolist(),
            ends.level.tolist(),
            ends.score.tolist(),
            ends.log_probability.tolist(),
            lengths.tolist(),
            strict=True,
        )
        return [
            Hypothesis(
                tokens=said[:level],
                score=score,
                log_probability=log_probability,
                attention=None if attention is None else attention[row, :level, :length].clone(),
            )
            for row, (said, level, score, log_probability, length) in enumerate(columns)
        ]

    def _follow(self, ends: Ends) -> tuple[Int[Tensor, "N T"], Float[Tensor, "N T S"] | None]:
        """All ends at once, from the last level to the first."""
        count, deepest = ends.level.shape[0], int(ends.level.max())
        tokens = ends.row.new_zeros(count, deepest)
        attention = None
        if self._attention:
            first = self._attention[0]
            attention = first.new_zeros(count, deepest, first.shape[1])
        row = ends.row.clone()
        for level in reversed(range(deepest)):
            reached = (ends.level > level).nonzero().squeeze(1)
            here = row[reached]
            parent = self._parents[level][here]
            tokens[reached, level] = self._tokens[level][here]
            if attention is not None:
                attention[reached, level] = self._attention[level][parent]
            row[reached] = parent
        return tokens, attention
