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
        size = max(1, _BLOCK // max(1, scores.shape[1]))
        for first in range(0, len(rows), size):
            part = slice(first, first + size)
            self._put_block(rows[part], scores[part], gold[part])

    def _put_block(self, rows: list[int], scores: Tensor, gold: Tensor) -> None:
        best, predicted = scores.max(-1)
        lse = scores.logsumexp(-1)
        target = gold.clamp(min=0).unsqueeze(-1)
        of_gold = scores.gather(-1, target)
        before = (scores > of_gold).sum(-1)
        # Only where another label has the same score does the order of labels matter.
        tied = ((scores >= of_gold).sum(-1) > before + 1).nonzero().squeeze(-1)
        if len(tied):
            earlier = torch.arange(scores.shape[1]) < target[tied]
            before[tied] += ((scores[tied] == of_gold[tied]) & earlier).sum(-1)
        self.predicted[rows] = predicted.numpy()
        self.confidence[rows] = (best - lse).double().exp().numpy()
        self.rank[rows] = before.numpy()
        self.log_probability[rows] = (of_gold.squeeze(-1) - lse).double().numpy()

    def accuracy_at(self, count: int, gold: np.ndarray[Any, np.dtype[np.int64]]) -> float:
        """The fraction of texts whose gold label is among the `count` best; an unknown label never is."""
        return float(((gold != UNLABELLED) & (self.rank < count)).mean())
