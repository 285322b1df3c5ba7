"""The tree of partial outputs of a search, from which whole outputs are read at its end."""

from dataclasses import dataclass

from jaxtyping import Float, Int
from torch import Tensor

from heedful.decode.hypothesis import Hypothesis


@dataclass(frozen=True)
class Ends:
    """Outputs by their position in the tree: the level (their number of tokens) and the row in it."""

    score: Float[Tensor, "*N"]
    log_probability: Float[Tensor, "*N"]
    level: Int[Tensor, "*N"]
    row: Int[Tensor, "*N"]


class Trace:
    """Tokens and back-pointers of all partial outputs: a search adds levels, and reads whole outputs at its end.

    Level t holds the outputs of t tokens. `grow` adds a level of rows, each of which extends its parent in the level
    before by one token. Levels are never reordered: copying all outputs at every step would take time quadratic in the
    length.
    """

    def __init__(self) -> None:
        self._parents: list[Tensor] = []
        self._tokens: list[Tensor] = []
        self._attention: list[Tensor] = []

    def record(self, attention: Float[Tensor, "R S"]) -> None:
        """Records the attention weights for the next tokens of the newest level's first R rows, the unfinished ones."""
        self._attention.append(attention)

    def grow(self, parents: Int[Tensor, " N"], tokens: Int[Tensor, " N"]) -> None:
        """Adds a level: the parent of each new row, and the token that it adds."""
        self._parents.append(parents)
        self._tokens.append(tokens)

    def read(self, ends: Ends) -> list[Hypothesis]:
        """The outputs with these ends, in their order."""
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
        """Follows all outputs at once from the last level to the first."""
        count, deepest = ends.level.shape[0], int(ends.level.max())
        tokens = ends.row.new_zeros(count, deepest)
        attention = None
        if self._attention:
            first = self._attention[0]
            attention = first.new_zeros(count, deepest, first.shape[1])
        row = ends.row.clone()
        for level in reversed(range(deepest)):
            # Outputs end at different levels; those that end above this one are skipped.
            outputs = (ends.level > level).nonzero().squeeze(1)
            child = row[outputs]
            parent = self._parents[level][child]
            tokens[outputs, level] = self._tokens[level][child]
            if attention is not None:
                attention[outputs, level] = self._attention[level][parent]
            row[outputs] = parent
        return tokens, attention
