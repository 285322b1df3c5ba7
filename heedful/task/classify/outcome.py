"""What scoring needs of the scores of texts, kept while they are computed: a row of scores of all labels is large.

The scores of 100,000 texts for 20,000 labels take 8 GB; their outcomes take 4 MB.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from heedful.data.document import UNLABELLED

_BLOCK = 1 << 18
"""The scores that are looked at together: small enough to stay in the cache of a processor core."""


@dataclass(frozen=True, eq=False)
class Outcomes:
    """Of each text: the predicted label and its probability, and what the gold label got.

    predicted: the label with the highest score. confidence: its probability. rank: how many labels come before the gold
    one, by score and then by number. log_probability: that of the gold label. The last two have no meaning where the
    gold label is `UNLABELLED`.
    """

    predicted: np.ndarray[Any, np.dtype[np.int64]]
    confidence: np.ndarray[Any, np.dtype[np.float64]]
    rank: np.ndarray[Any, np.dtype[np.int64]]
    log_probability: np.ndarray[Any, np.dtype[np.float64]]

    @classmethod
    def empty(cls, texts: int) -> "Outcomes":
        """Room for the outcomes of so many texts."""
        integers, fractions = np.zeros((2, texts), dtype=np.int64), np.zeros((2, texts))
        return cls(integers[0], fractions[0], integers[1], fractions[1])

    def put(self, rows: list[int], scores: Float[Tensor, "R C"], gold: Int[Tensor, " R"]) -> None:
        """Fills in the outcomes of the texts at these rows."""
        # With very many labels a pass over the scores costs as much as the forward pass. So there are few of them, they
        # are those that are vectorised (NumPy's argmax, comparisons written as floats), and work in a cached block.
        predicted = torch.from_numpy(scores.numpy().argmax(-1))
        best = scores.gather(-1, predicted.unsqueeze(-1))
        of_gold = scores.gather(-1, gold.clamp(min=0).unsqueeze(-1))
        total, before = torch.empty_like(best), torch.zeros_like(predicted)
        missed = predicted != gold
        size = max(1, _BLOCK // max(1, scores.shape[1]))
        buffer = torch.empty_like(scores[:size])
        for first in range(0, len(rows), size):
            part = slice(first, first + size)
            block, scratch = scores[part], buffer[: len(rows) - first]
            total[part] = torch.sub(block, best[part], out=scratch).exp_().sum(-1, keepdim=True)
            if missed[part].any():
                before[part] = _count_before(block, gold[part], of_gold[part], scratch)
        lse = total.log_() + best
        self.predicted[rows], self.rank[rows] = predicted.numpy(), before.numpy()
        self.confidence[rows] = (best - lse).squeeze(-1).double().exp().numpy()
        self.log_probability[rows] = (of_gold - lse).squeeze(-1).double().numpy()

    def accuracy_at(self, count: int, gold: np.ndarray[Any, np.dtype[np.int64]]) -> float:
        """The fraction of texts whose gold label is among the `count` best; an unknown label never is."""
        return float(((gold != UNLABELLED) & (self.rank < count)).mean())


def _count_before(scores: Tensor, gold: Tensor, of_gold: Tensor, scratch: Tensor) -> Tensor:
    """How many labels come before the gold one in each row."""
    before = torch.gt(scores, of_gold, out=scratch).sum(-1).long()
    # Only where another label has the same score does the order of labels matter. The gold label equals itself. Such
    # rows are many in bfloat16, whose scores have 8 bits.
    tied = torch.eq(scores, of_gold, out=scratch).sum(-1) > 1
    rows, entries, same = tied.nonzero().squeeze(-1).tolist(), scores.numpy(), of_gold.squeeze(-1).numpy()
    ends = gold.clamp(min=0).tolist()
    for row in rows:
        before.numpy()[row] += np.count_nonzero(entries[row, : ends[row]] == same[row])
    return before
