"""How often the true reply is ranked first among a fixed list of candidates."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, cast

import torch
from jaxtyping import Float
from torch import Tensor

from heedful.data.batch import pad_sources
from heedful.data.dialogue import Replies
from heedful.decode import likelihood
from heedful.errors import UserError
from heedful.task.answering import evaluating
from heedful.task.chat.partner import Partner

CUTOFFS = (2, 5, 10)
"""The values of k for recall at k; k = 1 is reported as `response_accuracy`."""

ROWS = 1000
"""How many candidates are scored at a time."""


def rank_replies(partner: Partner, replies: Replies, candidates: Sequence[str]) -> dict[str, Any]:
    """Ranks each true reply among candidates by log-likelihood per token; in ties, the true reply comes last.

    ``score.contexts`` evenly spaced replies are ranked. Candidates are compared as texts, up to whitespace. Those that
    the tokeniser maps to the same ids tie. A true reply that is not among the candidates counts as not found.

    Returns: `response_accuracy`, how often the true reply is first; `recall_at_k_of_candidates`, how often it is among
        the first k; the numbers of `candidates` and `recall_contexts`; and `replies_not_among_candidates`, if any.
    Raises: UserError, when there is no candidate, or no reply is among the candidates.
    Memory: as a search with a beam of `ROWS`, for any number of candidates.
    Source: per-response accuracy is Bordes et al. 2017, section 5 (arXiv:1605.07683).
    """
    pool = _Candidates(partner, candidates)
    sampled = replies.subset(evenly_spaced(len(replies), partner.config.score.contexts))
    truths = [pool.index(exchange.reply.text) for exchange in sampled.exchanges]
    present = [row for row, truth in enumerate(truths) if truth is not None]
    if not present:
        raise UserError(
            f"none of {len(sampled)} replies is among the {pool.total} candidates",
            where=sampled.exchanges[0].reply.where or None,
            hint=f"the first is {sampled.exchanges[0].reply.text!r}; give the candidates of these dialogues",
        )
    ranks = pool.ranks([sampled.context(row).ids for row in present], [cast(int, truths[row]) for row in present])
    cutoffs = {"response_accuracy": 1} | {f"recall_at_{k}_of_candidates": k for k in CUTOFFS if k < pool.total}
    # Divided by all sampled replies: one that is not among the candidates counts as not found.
    results: dict[str, Any] = {
        name: round(sum(rank < cutoff for rank in ranks) / len(sampled), 4) for name, cutoff in cutoffs.items()
    }
    results |= {"candidates": pool.total, "recall_contexts": len(sampled)}
    missing = len(sampled) - len(present)
    return results | ({"replies_not_among_candidates": missing} if missing else {})


def evenly_spaced(total: int, most: int) -> list[int]:
    """At most `most` of `total` rows, evenly spaced."""
    return [row * total // min(most, total) for row in range(min(most, total))]


class _Candidates:
    """The distinct token sequences of the candidates, shortest first, and how many texts each stands for."""

    def __init__(self, partner: Partner, candidates: Sequence[str]) -> None:
        texts = list(dict.fromkeys(text for text in map(_plain, candidates) if text))
        if not texts:
            raise UserError("there are no candidates to rank replies among", hint="expected one reply per line")
        encoded = dict(zip(texts, map(tuple, partner.tokeniser.encode_all(texts)), strict=True))
        counts = Counter(encoded.values())
        self._partner, self.total = partner, len(texts)
        self._ids = sorted(counts, key=len)
        self._counts = torch.tensor([counts[ids] for ids in self._ids], device=partner.device)
        index_of = {ids: index for index, ids in enumerate(self._ids)}
        self._index_of_text = {text: index_of[ids] for text, ids in encoded.items()}

    def index(self, text: str) -> int | None:
        """The index of a reply among the distinct candidates; None if it is not one of them."""
        return self._index_of_text.get(_plain(text))

    def ranks(self, contexts: Sequence[Sequence[int]], truths: Sequence[int]) -> list[int]:
        """The rank of each true reply given its context, from 0."""
        size = max(1, ROWS // len(self._ids))
        ranks: list[int] = []
        with evaluating(self._partner.model):
            for first in range(0, len(contexts), size):
                part = slice(first, first + size)
                scores = self._scores(contexts[part])
                true = torch.tensor(truths[part], device=scores.device).unsqueeze(1)
                # Ties count as worse for the true reply; equal ids count once for each text that they stand for.
                no_worse = scores >= scores.gather(1, true)
                ranks += ((no_worse * self._counts).sum(1) - 1).tolist()
        return ranks

    def _scores(self, contexts: Sequence[Sequence[int]]) -> Float[Tensor, "B K"]:
        """The log-likelihood per token of each candidate; EOS counts as a token."""
        source, lengths = (tensor.to(self._partner.device) for tensor in pad_sources(contexts))
        candidates = [self._ids] * len(contexts)
        model = cast(Any, self._partner.model)
        scores = likelihood(model, model.encode(source, lengths), candidates=candidates, rows=ROWS)
        return scores / torch.tensor([len(ids) + 1 for ids in self._ids], device=scores.device)


def _plain(text: str) -> str:
    """A text with whitespace normalised to single blanks."""
    return " ".join(text.split())
